from conan import ConanFile
from conan.tools.files import get
from conan.tools.meson import Meson


class ParConan(ConanFile):
    name = "libpar"
    version = "@version@"
    license = "MIT"
    description = "Runs many blocking jobs at once, hands back the results as they come"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False]}
    default_options = {"shared": False}
    generators = "MesonToolchain"
    tool_requires = "meson/[>=0.61]"
    languages = "C"

    def source(self):
        get(self, "@url@", sha256="@hash@", strip_root=True)

    def build(self):
        meson = Meson(self)
        meson.configure(extra_options={"tests": "disabled", "examples": "disabled"})
        meson.build()

    def package(self):
        Meson(self).install()

    def package_info(self):
        self.cpp_info.libs = ["par"]
        self.cpp_info.system_libs = ["pthread"]
        self.cpp_info.set_property("cmake_file_name", "par")
        self.cpp_info.set_property("cmake_target_name", "par::par")
        self.cpp_info.set_property("pkg_config_name", "par")
