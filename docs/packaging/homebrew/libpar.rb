class Libpar < Formula
  desc "Runs many blocking jobs at once, hands back the results as they come"
  url "@url@"
  sha256 "@hash@"
  license "MIT"

  depends_on "meson" => :build
  depends_on "ninja" => :build

  def install
    system "meson", "setup", "build", "-Dtests=disabled", "-Dexamples=disabled",
           "-Ddefault_library=both", *std_meson_args
    system "meson", "compile", "-C", "build"
    system "meson", "install", "-C", "build"
  end

  test do
    (testpath/"test.c").write <<~C
      #include <par.h>
      int main(void) { return par_close(0); }
    C
    system ENV.cc, "test.c", "-I#{include}", "-L#{lib}", "-lpar", "-o", "test"
    system "./test"
  end
end
