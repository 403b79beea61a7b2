"""Print what the environment's packages are, and under which licences they come, with the licences' texts."""

from __future__ import annotations

from importlib.metadata import distributions

BUILD_TOOLS = {"pip", "setuptools", "wheel", "pyinstaller", "pyinstaller-hooks-contrib", "altgraph", "lrp-explorer"}


def main() -> None:
    print("LRP Explorer comes with these programs of others, unchanged. Qt (PySide6) is used under the LGPL 3; its")
    print("libraries lie beside the program as files of their own and can be replaced.\n")
    for one in sorted(distributions(), key=lambda each: each.name.lower()):
        if one.name.lower() in BUILD_TOOLS:
            continue
        said = one.metadata.get("License-Expression") or one.metadata.get("License") or "see below"
        print(f"{'=' * 100}\n{one.name} {one.version}: {said.splitlines()[0]}\n")
        for file in one.files or ():
            name = file.name.upper()
            if ".dist-info" in str(file) and name.startswith(("LICEN", "NOTICE", "COPYING")):
                print(file.locate().read_text(encoding="utf-8", errors="replace").strip() + "\n")  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
