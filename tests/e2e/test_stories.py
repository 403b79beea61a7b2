"""The program as people use it: a real window on a real screen, a process for each story."""

from __future__ import annotations

from pathlib import Path

import pytest

from lrp_gui.settings import EXAMPLES

pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(150)]


def test_open_the_diabetes_example_type_a_new_bmi_watch_the_flow_change_and_undo_it(play):
    play("open_the_diabetes_example_and_type_a_new_bmi")


def test_open_the_digits_paint_a_stroke_and_see_the_relevance_move(play):
    play("paint_a_stroke_and_see_the_relevance_move")


def test_choose_another_layer(play):
    play("choose_another_layer")


def test_switch_to_digits_and_back(play):
    play("switch_to_digits_and_back")


def test_export_png_and_svg(play):
    play("export_png_and_svg")


def test_type_text_into_a_cell_and_mend_it(play):
    play("type_text_into_a_cell")


def test_explain_a_difference_and_a_target_that_is_not_there(play):
    play("explain_another_target_and_composite")


def test_compare_with_the_gradient(play):
    play("compare_with_the_gradient")


def test_drag_a_slider_click_in_the_sweep_and_explain_against_another_sample(play):
    play("drag_a_slider_then_click_in_the_sweep_then_explain_against_another_sample")


def test_tint_the_table_and_go_dark(play):
    play("tint_the_table_and_go_dark")


def test_paste_a_block_from_a_spreadsheet(play):
    play("paste_a_block_from_a_spreadsheet")


def test_find_the_heaviest_old_patients_and_change_them_at_once(play):
    play("find_the_heaviest_old_patients_and_change_them_at_once")


def test_drop_weights_with_their_architecture_and_table(play):
    play("drop_weights_with_their_architecture_and_table")


def test_connect_bare_weights_and_correct_how(play):
    play("connect_bare_weights_and_correct_how")


def test_read_what_a_program_would_run_and_let_it(play):
    play("read_what_a_program_would_run_and_let_it")


def test_open_a_hostile_file_and_go_back(play):
    play("open_a_hostile_file_and_go_back")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_open_a_file_given_on_the_command_line(play, example):
    folder = play("open_a_file_given_on_the_command_line", str(example.path()))
    assert Path(folder / "opened.png").stat().st_size > 20000
