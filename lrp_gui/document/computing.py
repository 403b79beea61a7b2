"""What the person chose for the engine to compute with, handed on to it; what was explained otherwise is done again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lrp_gui import settings
from lrp_gui.jobs.computing import CPU, CacheUse, Computing, Device, cache_use, clear_cache, devices, set_cache
from lrp_gui.jobs.queue import Failure, Job, JobQueue, Priority
from lrp_gui.languages import thousands

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrp_gui.document.explaining import Explainer
    from lrp_gui.jobs.steps import Steps

MIB = 1 << 20
ENGINE = (settings.DEVICE, settings.THREADS, settings.MEMORY, settings.DTYPE)
CACHE = (settings.CACHE_FOLDER, settings.CACHE_LIMIT)


class EngineSettings(QObject):
    """Reads the settings of engine and cache, and asks the worker what there is to choose from."""

    told = Signal(str)  # a sentence about what is computed with from now on
    devices_found = Signal(tuple)  # of Device
    cache_looked = Signal(object)  # a CacheUse
    failed = Signal(str)

    def __init__(self, jobs: JobQueue, explainer: Explainer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._explainer = jobs, explainer
        self.devices: tuple[Device, ...] = ()  # empty until the engine has told
        self._lacking = ""  # a device that is chosen and is not here
        self.apply(again=False)

    def apply(self, *, again: bool = True) -> None:
        """Hand over what is stored; `again`: explain anew, if it is another choice than before."""
        set_cache(settings.CACHE_FOLDER.read(), settings.CACHE_LIMIT.read() * MIB)
        device = settings.DEVICE.read()
        chosen = Computing(
            CPU if device == self._lacking else device,
            settings.THREADS.read(),
            settings.MEMORY.read() * MIB,
            settings.DTYPE.read(),
        )
        engine = self._explainer.engine
        if chosen == engine.computing:
            return
        engine.computing = chosen
        if again:
            self._explainer.explain_anew()
            self.told.emit(self.tr("From now on: {choice}.").format(choice=self.describe(chosen)))

    def describe(self, chosen: Computing) -> str:
        """What is computed with, in few words."""
        titles = {one.name: one.title for one in self.devices}
        words = [self.tr("on {device}").format(device=titles.get(chosen.device, chosen.device.upper()))]
        if chosen.threads:
            words.append(self.tr("{n} threads").format(n=chosen.threads))
        if chosen.memory:
            words.append(self.tr("{n} MiB at most").format(n=thousands(chosen.memory // MIB)))
        words.append(self.tr("as precise as the file") if chosen.dtype == "file" else chosen.dtype)
        return ", ".join(words)

    def check_device(self) -> None:
        """Where something else than the CPU was chosen: see that it is still there."""
        if settings.DEVICE.read() != CPU:
            self.look_for_devices()

    def look_for_devices(self) -> None:
        """Ask what there is to compute on; one that was chosen and has gone gives way to the CPU."""
        self._ask(self.tr("Looking for devices"), devices, self._found_devices, Priority.ENGINE)

    def look_at_cache(self) -> None:
        """Ask how much is kept."""
        self._ask(self.tr("Looking at the cache"), cache_use, self._looked)

    def clear_cache(self) -> None:
        """Remove what is kept."""
        self._ask(self.tr("Clearing the cache"), clear_cache, self._looked)

    def _ask(
        self,
        title: str,
        make: Callable[[], Steps[object]],
        done: Callable[..., None],
        priority: Priority = Priority.CHECK,
    ) -> None:
        self._jobs.submit(Job(title, priority, make, done=done, failed=self._failed))

    def _found_devices(self, found: tuple[Device, ...]) -> None:
        self.devices = found
        device = settings.DEVICE.read()
        lacking = device if device not in {one.name for one in found} else ""
        if lacking != self._lacking:
            self._lacking = lacking
            self.apply()
            if lacking:
                self.told.emit(
                    self.tr("The device “{device}” is not here; the CPU computes instead.").format(device=lacking)
                )
        self.devices_found.emit(found)

    def _looked(self, use: CacheUse) -> None:
        self.cache_looked.emit(use)

    def _failed(self, failure: Failure) -> None:
        self.failed.emit(failure.sentence)
