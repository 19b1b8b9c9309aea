"""Just enough of the PE/COFF format (Microsoft PE Format; UEFI uses PE32+) to measure an image."""

import dataclasses
import hashlib
import struct


class PeError(ValueError):
    """The bytes are not a PE32+ image this parser understands."""


@dataclasses.dataclass(frozen=True)
class Section:
    """One row of the section table."""

    name: str
    virtual_size: int
    virtual_address: int
    raw_size: int
    raw_offset: int


@dataclasses.dataclass(frozen=True)
class Image:
    """A parsed PE32+ image."""

    data: bytes
    image_base: int
    section_alignment: int
    size_of_headers: int
    checksum_offset: int
    certificate_entry_offset: int | None  # of the data directory's fifth row
    certificate_table: tuple[int, int]  # file offset, size; zero when the image is not signed
    sections: tuple[Section, ...]

    @staticmethod
    def parse(data: bytes) -> "Image":
        """Parses headers and section table; every offset is checked against the data."""
        try:
            return Image._parse(data)
        except struct.error as error:
            raise PeError(f"truncated PE image: {error}") from error

    @staticmethod
    def _parse(data: bytes) -> "Image":
        if data[:2] != b"MZ":
            raise PeError("no MZ signature")
        (start,) = struct.unpack_from("<I", data, 0x3C)
        if data[start:start + 4] != b"PE\0\0":
            raise PeError("no PE signature")
        count, optional_size = struct.unpack_from("<2xH12xH", data, start + 4)
        optional = start + 24
        (magic,) = struct.unpack_from("<H", data, optional)
        if magic != 0x20B:
            raise PeError(f"not PE32+: optional header magic {magic:#x}")
        base, alignment = struct.unpack_from("<QI", data, optional + 24)
        (headers,) = struct.unpack_from("<I", data, optional + 60)
        (directories,) = struct.unpack_from("<I", data, optional + 108)
        entry = optional + 112 + 4 * 8 if directories > 4 else None
        certificates = struct.unpack_from("<II", data, entry) if entry else (0, 0)
        sections = []
        for index in range(count):
            fields = struct.unpack_from("<8sIIII", data, optional + optional_size + 40 * index)
            section = Section(fields[0].rstrip(b"\0").decode("ascii", "replace"), *fields[1:])
            if section.raw_size and section.raw_offset + section.raw_size > len(data):
                raise PeError(f"section {section.name} reaches beyond the end of the file")
            sections.append(section)
        if headers > len(data) or sum(certificates) > len(data):
            raise PeError("headers or certificates reach beyond the end of the file")
        return Image(data, base, alignment, headers, optional + 64, entry,
                     (certificates[0], certificates[1]), tuple(sections))

    def with_timestamp(self, seconds: int) -> bytes:
        """The image with the given link time. Its checksum, which only Windows drivers need, is
        set to zero: not computed."""
        data = bytearray(self.data)
        (start,) = struct.unpack_from("<I", data, 0x3C)
        struct.pack_into("<I", data, start + 8, seconds)
        struct.pack_into("<I", data, self.checksum_offset, 0)
        return bytes(data)

    def end_of_image(self) -> int:
        """The first page-aligned relative address behind every section."""
        end = max(section.virtual_address + section.virtual_size for section in self.sections)
        return -(-end // self.section_alignment) * self.section_alignment

    def section_as_loaded(self, name: str) -> bytes | None:
        """A section's bytes in memory: virtual_size of them, zero-filled behind the file's."""
        for section in self.sections:
            if section.name == name:
                stored = min(section.raw_size, section.virtual_size)
                data = self.data[section.raw_offset:section.raw_offset + stored]
                return data + b"\0" * (section.virtual_size - stored)
        return None

    def authenticode(self, algorithm: str) -> bytes:
        """The image's hash as firmware measures it (Authenticode PE specification, "Calculating
        the PE Image Hash"): all but the checksum, the certificates' directory row and the
        certificates, with the sections in file order."""
        digest = hashlib.new(algorithm)
        digest.update(self.data[:self.checksum_offset])
        if self.certificate_entry_offset is None:
            digest.update(self.data[self.checksum_offset + 4:self.size_of_headers])
        else:
            digest.update(self.data[self.checksum_offset + 4:self.certificate_entry_offset])
            digest.update(self.data[self.certificate_entry_offset + 8:self.size_of_headers])
        hashed = self.size_of_headers
        for section in sorted(self.sections, key=lambda row: row.raw_offset):
            if section.raw_size:
                digest.update(self.data[section.raw_offset:section.raw_offset + section.raw_size])
                hashed += section.raw_size
        behind = len(self.data) - self.certificate_table[1]
        if behind > hashed:
            digest.update(self.data[hashed:behind])
        return digest.digest()
