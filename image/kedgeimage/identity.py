"""What an image calls itself."""

import dataclasses

from . import pe


@dataclasses.dataclass(frozen=True)
class Identity:
    """What an image calls itself, in os-release and in its reference values."""

    version: str
    variant: str  # "release" or "test"
    build_time: str  # RFC 3339
    name: str = "kedge-node"

    def os_release(self) -> str:
        return (f'NAME="Kedge node"\nID=kedge\nID_LIKE=debian\n'
                f'PRETTY_NAME="Kedge node {self.version} ({self.variant})"\n'
                f"VERSION_ID={self.version}\nBUILD_ID={self.build_time}\n"
                f"VARIANT_ID={self.variant}\n"
                f"IMAGE_ID={self.name}-{self.variant}\nIMAGE_VERSION={self.version}\n")

    @staticmethod
    def of_uki(uki: bytes) -> "Identity":
        """The identity that the os-release within a UKI states."""
        content = pe.Image.parse(uki).section_as_loaded(".osrel") or b""
        rows = (line.split("=", 1) for line in content.decode().splitlines() if "=" in line)
        fields = {key: value.strip('"') for key, value in rows}
        try:
            variant = fields["VARIANT_ID"]
            return Identity(fields["IMAGE_VERSION"], variant, fields["BUILD_ID"],
                            fields["IMAGE_ID"].removesuffix(f"-{variant}"))
        except KeyError as error:
            raise pe.PeError(f"the UKI's os-release has no {error}") from error
