"""The one thing setup.cfg cannot say: that an editable install ships the start-up files too."""

import base64
import hashlib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from setuptools import setup
from setuptools.command.editable_wheel import editable_wheel

# Start-up files are read by name. Ours come after `__editable__*.pth`, which makes an editable
# package importable, since "_" sorts before "s".
START_UP_FILES = ("sso_plugin.pth", "sso_plugin.start")


class EditableWheel(editable_wheel):
    """An editable wheel holds links to the package, and by itself none of the data beside it."""

    def run(self) -> None:
        """Build the wheel, then add the start-up files to it."""
        super().run()
        for wheel in Path(self.dist_dir).glob("*.whl"):
            _add_start_up_files(wheel)


def _add_start_up_files(wheel: Path) -> None:
    """Write the wheel again with the files in it and in its RECORD, for uninstalling."""
    with ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}

    record = next(name for name in contents if name.endswith(".dist-info/RECORD"))
    for name in START_UP_FILES:
        contents[name] = Path(name).read_bytes()
        contents[record] += _record_line(name, contents[name])

    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def _record_line(name: str, content: bytes) -> bytes:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n".encode()


setup(cmdclass={"editable_wheel": EditableWheel})
