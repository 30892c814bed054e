#include "common/base/reason.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro {
namespace {

using ::testing::Contains;
using ::testing::UnorderedElementsAreArray;

constexpr std::size_t kMostBytesOfASource = 1U << 20U;

std::string source(const std::string& path) {
  return read_file(std::filesystem::path(PYRO_SOURCE_DIR) / path, kMostBytesOfASource);
}

/// What the first group of `pattern` matches in `text`, each time.
std::vector<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

std::vector<std::string> listed() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(
           std::filesystem::path(PYRO_SOURCE_DIR) / "common/base/reasons")) {
    const auto of_file =
        matches(read_file(file.path(), kMostBytesOfASource), R"re(Reason k\w+\{"([^"]*)"\})re");
    names.insert(names.end(), of_file.begin(), of_file.end());
  }
  return names;
}

TEST(Reasons, are_unique_names_in_snake_case) {
  auto names = listed();
  ASSERT_GT(names.size(), 50U);
  for (const auto& name : names) {
    EXPECT_TRUE(std::regex_match(name, std::regex("[a-z]+(_[a-z0-9]+)*"))) << name;
    EXPECT_LE(name.size(), Reason::kMostBytes) << name;
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(Reasons, are_all_in_the_document_and_no_other_is) {
  EXPECT_THAT(matches(source("docs/reasons.md"), R"(\n\| `(\w+)` \|)"),
              UnorderedElementsAreArray(listed()));
}

TEST(Reasons, have_codes_in_the_document_that_exist) {
  for (const auto& codes : matches(source("docs/reasons.md"), R"(\n\| `\w+` \|([^|]*)\|)")) {
    for (const auto& code : matches(codes, "`(\\w+)`")) {
      EXPECT_EQ(to_string(error_code_from(code)), code);
    }
  }
}

TEST(Reasons, do_not_have_the_name_of_a_code) {
  const auto names = listed();
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const std::string name(to_string(static_cast<ErrorCode>(code)));
    EXPECT_THAT(names, ::testing::Not(Contains(name)));
  }
}

}  // namespace
}  // namespace pyro
