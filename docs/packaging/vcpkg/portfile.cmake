vcpkg_download_distfile(archive
  URLS "@url@"
  FILENAME "par-@version@.tar.xz"
  SHA512 "@hash512@")
vcpkg_extract_source_archive(source ARCHIVE "${archive}")
vcpkg_configure_meson(SOURCE_PATH "${source}"
  OPTIONS -Dtests=disabled -Dexamples=disabled)
vcpkg_install_meson()
vcpkg_fixup_pkgconfig()
vcpkg_cmake_config_fixup(PACKAGE_NAME par CONFIG_PATH lib/cmake/par)
vcpkg_install_copyright(FILE_LIST "${source}/LICENSE")
