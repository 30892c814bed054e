#include "services/image/apt_source.h"

#include "services/image/apt_root.h"
#include "tests/support/errors.h"

namespace pyro::image {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSigned = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ";

TEST(AptSource, takes_the_hosts_debian_archives_and_no_others) {
  EXPECT_THAT(
      sources_from_index_targets(
          "http://mirror.example/debian/|bookworm|main|Debian|bookworm\n"
          "http://mirror.example/debian/|bookworm|contrib|Debian|bookworm\n"
          "http://mirror.example/debian/|bookworm|main|Debian|bookworm\n"
          "http://mirror.example/sec/|stable-security|main|Debian|bookworm-security\n"
          "http://mirror.example/debian/|bookworm-backports|main|Debian Backports|"
          "bookworm-backports\n"
          "https://deb.nodesource.com/node_20.x/|nodistro|main|. nodistro|nodistro\n"
          "https://third.example/debian/|bookworm|main|Third Party|bookworm\n"
          "https://evil.example/debian/|trixie|main|Debian|trixie\n"),
      ElementsAre(std::string(kSigned) + "http://mirror.example/debian/ bookworm main",
                  std::string(kSigned) + "http://mirror.example/sec/ stable-security main"));
}

TEST(AptSource, takes_nothing_from_a_host_without_the_main_archive) {
  EXPECT_THAT(
      sources_from_index_targets("http://archive.ubuntu.com/ubuntu/|noble|main|Ubuntu|noble\n"),
      IsEmpty());
  EXPECT_THAT(sources_from_index_targets("http://m/sec/|bookworm-security|main|Debian|"
                                         "bookworm-security\n"),
              IsEmpty());
  EXPECT_THAT(sources_from_index_targets(""), IsEmpty());
}

TEST(AptSource, leaves_out_lines_that_would_break_a_sources_list) {
  for (const char* line : {
           "http://m/debian/ evil|bookworm|main|Debian|bookworm",
           "http://m/debian/|bookworm main [trusted=yes]|main|Debian|bookworm",
           "http://m/]/|bookworm|main|Debian|bookworm",
           "cdrom:[Debian]/|bookworm|main|Debian|bookworm",
           "-o|bookworm|main|Debian|bookworm",
           "http://m/debian/|bookworm|main|Debian",
           "http://m/debian/|bookworm|main|Debian|bookworm|more",
           "http://m/\xff/|bookworm|main|Debian|bookworm",
           "|||Debian|bookworm",
           "||||",
       }) {
    EXPECT_THAT(sources_from_index_targets(line), IsEmpty()) << line;
  }
}

TEST(AptSource, passes_on_proxies_and_nothing_that_runs_or_weakens) {
  EXPECT_THAT(options_from_apt_config("Acquire::http::Proxy \"http://proxy:3142\";\n"
                                      "Acquire::https::Proxy::deb.debian.org \"DIRECT\";\n"
                                      "Acquire::Check-Valid-Until \"false\";\n"
                                      "Acquire::AllowInsecureRepositories \"true\";\n"
                                      "DPkg::Pre-Invoke:: \"rm -rf /\";\n"
                                      "Acquire::http::Proxy \"a\"; DPkg::Pre-Invoke:: \"b\";\n"
                                      "Acquire::http::Proxy \"\";\n"
                                      "Acquire::https::Verify-Peer \"false\";\n"),
              ElementsAre("Acquire::http::Proxy \"http://proxy:3142\";",
                          "Acquire::https::Proxy::deb.debian.org \"DIRECT\";",
                          "Acquire::Check-Valid-Until \"false\";"));
}

TEST(AptSource, finds_the_security_archive_beside_a_mirror) {
  const auto lines = sources_from_mirror("http://mirror.example/debian/");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[2],
            std::string(kSigned) + "http://mirror.example/debian-security bookworm-security main");
  EXPECT_EQ(sources_from_mirror("http://127.0.0.1:1/").size(), 2U);
}

TEST(AptSource, refuses_a_mirror_that_is_no_address) {
  for (const char* mirror : {"deb.debian.org", "http://x/ y", "http://x/\nfoo", "javascript:/x"}) {
    EXPECT_THAT(
        error_of([&] { sources_from_mirror(mirror); }),
        Refused(ErrorCode::kInvalidArgument, HasSubstr("is not the address of a Debian archive")));
  }
}

TEST(AptRoot, finds_the_kernel_that_the_meta_package_depends_on) {
  EXPECT_EQ(kernel_package_from_depends("linux-image-cloud-amd64\n"
                                        "  Depends: linux-image-6.1.0-56-cloud-amd64\n"),
            "linux-image-6.1.0-56-cloud-amd64");
  EXPECT_EQ(kernel_package_from_depends("linux-image-cloud-amd64\n  Depends: <x>\n"), "");
  EXPECT_EQ(kernel_package_from_depends("  Depends: linux-image-6 --force\n"), "");
}

}  // namespace
}  // namespace pyro::image
