"""A built node image, as image/build leaves it."""

import dataclasses
import json
import pathlib


@dataclasses.dataclass(frozen=True)
class Image:
    """The folder of one variant."""

    folder: pathlib.Path

    @property
    def disk(self) -> pathlib.Path:
        return self.folder / "disk.img"

    @property
    def reference_values_file(self) -> pathlib.Path:
        return self.folder / "reference-values.json"

    def reference_values(self) -> dict:
        return json.loads(self.reference_values_file.read_text())
