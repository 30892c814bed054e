#include "services/image/catalog.h"

#include "tests/support/errors.h"

namespace pyro::image {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

TEST(Catalog, has_the_three_environments_with_what_they_promise) {
  const auto& everyday = find_in_catalog("debian:12").packages;
  EXPECT_THAT(everyday, IsSupersetOf({"git", "python3", "python3-pip", "python3-venv", "procps",
                                      "curl", "wget", "patch", "file", "less", "xz-utils", "zip",
                                      "unzip", "bzip2", "zstd", "ca-certificates"}));
  const auto& build = find_in_catalog("debian:12-build").packages;
  EXPECT_THAT(build, IsSupersetOf(everyday));
  EXPECT_THAT(build, IsSupersetOf({"g++", "cmake", "ninja-build", "autoconf", "automake", "libtool",
                                   "bison", "flex", "gdb", "strace", "clang", "python3-dev",
                                   "zlib1g-dev", "libssl-dev", "jq", "ripgrep", "nodejs", "npm"}));
  EXPECT_THAT(find_in_catalog("debian:12-base").packages, Not(Contains("git")));
}

TEST(Catalog, names_the_known_environments_when_asked_for_another) {
  const auto error = error_of([] { find_in_catalog("debian:11\x1b[2J"); });
  EXPECT_THAT(error, Refused(ErrorCode::kNotFound,
                             AllOf(HasSubstr("known environments: debian:12, debian:12-base, "
                                             "debian:12-build"),
                                   Not(HasSubstr("\x1b")))));
}

}  // namespace
}  // namespace pyro::image
