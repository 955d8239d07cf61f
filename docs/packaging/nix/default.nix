{ stdenv, lib, meson, ninja, pkg-config, cmocka, fetchurl }:

stdenv.mkDerivation rec {
  pname = "libpar";
  version = "@version@";
  src = fetchurl {
    url = "@url@";
    sha256 = "@hash@";
  };
  nativeBuildInputs = [ meson ninja pkg-config ];
  checkInputs = [ cmocka ];
  mesonFlags = [ "-Dexamples=disabled" ];
  doCheck = true;
  mesonCheckFlags = [ "--setup" "brief" ];
  meta = {
    description = "Runs many blocking jobs at once, hands back the results as they come";
    license = lib.licenses.mit;
    platforms = lib.platforms.unix;
  };
}
