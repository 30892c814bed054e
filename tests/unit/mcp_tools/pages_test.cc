#include "gateway/mcp/tools/pages.h"

#include <gmock/gmock.h>

#include "common/api/json_codec.h"
#include "gateway/mcp/tools/results.h"
#include "toolbox_fixture.h"

namespace pyro::mcp {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A client's buffer.
constexpr std::size_t kMostMessageBytes = 10'000'000;

std::size_t bytes_of(const Json& reply) {
  const auto result = answer(reply);
  return Json{{"content", result.content}, {"structuredContent", *result.structured}}.dump().size();
}

std::string hint_of(const Json& reply) { return reply.value("hint", ""); }

Json entry(int number, const std::string& patch) {
  return {{"path", "node_modules/" + std::to_string(number)}, {"text_patch", patch}};
}

Json diff_of(int entries, const std::string& patch) {
  Json diff = {{"entries", Json::array()}, {"patch", ""}, {"patch_omits", Json::array()}};
  for (int i = 0; i < entries; ++i) {
    diff["entries"].push_back(entry(i, patch));
    diff["patch_omits"].push_back(diff["entries"].back()["path"]);
  }
  return diff;
}

TEST(Pages, of_a_diff_omitted_paths_are_those_of_its_entries) {
  Json diff = diff_of(5000, "");
  page_diff({.offset = 7}, diff, false);
  const auto kept = diff["entries"].size();
  ASSERT_LT(kept, 5000);
  ASSERT_EQ(diff["patch_omits"].size(), kept);
  EXPECT_EQ(diff["patch_omits"][kept - 1], diff["entries"][kept - 1]["path"]);
  EXPECT_THAT(hint_of(diff), AllOf(HasSubstr("offset " + std::to_string(kept + 7)),
                                   Not(HasSubstr("cut in the middle"))));
}

TEST(Pages, of_a_diff_both_what_is_left_out_and_what_was_cut_is_told) {
  Json diff = diff_of(5, std::string(8000, 'x'));
  page_diff({}, diff, true);
  EXPECT_THAT(hint_of(diff), AllOf(HasSubstr("offset"), HasSubstr("with an entry's path")));
  Json small = diff_of(1, "x");
  page_diff({}, small, false);
  EXPECT_FALSE(small.contains("hint"));
}

TEST(Pages, one_entry_of_a_diff_fits_into_a_message_whatever_it_holds) {
  for (const char* content : {"x", "\x01", "\"", "😀"}) {
    std::string patch;
    while (patch.size() < 3'000'000) patch += content;
    Json diff = {{"entries", {entry(1, patch)}}, {"patch", patch}, {"patch_omits", Json::array()}};
    const bool cut = shorten(diff, kMostPatchCharacters);
    page_diff({.path = "node_modules/1"}, diff, cut);
    EXPECT_LE(bytes_of(diff), kMostMessageBytes);
    EXPECT_THAT(hint_of(diff), HasSubstr("workspace_export"));
  }
  const std::string patch(100'000, 'x');
  Json whole = {{"entries", {entry(1, patch)}}, {"patch", patch}, {"patch_omits", Json::array()}};
  page_diff({.path = "node_modules/1"}, whole, shorten(whole, kMostPatchCharacters));
  EXPECT_EQ(whole["patch"], patch);
  EXPECT_THAT(hint_of(whole), HasSubstr("patch holds all of it"));
}

TEST(Pages, a_part_of_a_file_fits_into_a_message_whatever_it_holds) {
  for (const char* content : {"x", "\x01", "\"", "\n", "\xFF", "😀", "\x7F"}) {
    api::FileContent page{.offset = 5, .size_bytes = 2 << 20, .max_bytes = api::kFileLimit};
    while (page.content.size() < api::kFileLimit) page.content += content;
    page.truncated = true;
    page.next_offset = page.offset + page.content.size();
    const auto before = page;
    bound_page(page);
    EXPECT_LE(bytes_of(api::to_json(page)), kMostMessageBytes) << content;
    EXPECT_EQ(page.content == before.content, std::string_view(content) != "\x01") << content;
    EXPECT_EQ(page.next_offset, 5 + page.content.size());
  }
}

TEST(Pages, what_is_no_utf8_names_the_way_to_its_bytes) {
  const auto told = [](api::FileEncoding encoding) {
    Json reply = api::to_json(api::FileContent{.encoding = encoding});
    tell_encoding({}, reply, false);
    return reply.value("hint", "");
  };
  EXPECT_EQ(told(api::FileEncoding::kUtf8), "");
  EXPECT_EQ(told(api::FileEncoding::kBase64), "");
  for (const auto encoding : {api::FileEncoding::kBinary, api::FileEncoding::kNotUtf8}) {
    EXPECT_THAT(told(encoding), HasSubstr("as_base64"));
    EXPECT_THAT(told(encoding), HasSubstr("workspace_export"));
  }
  EXPECT_THAT(told(api::FileEncoding::kNotUtf8), HasSubstr("do not write it back"));
}

TEST(Pages, of_a_file_of_control_characters_the_rest_is_not_lost) {
  api::FileContent page{.size_bytes = api::kFileLimit, .content = std::string(api::kFileLimit, 0)};
  bound_page(page);
  EXPECT_TRUE(page.truncated);
  EXPECT_EQ(page.next_offset, api::kFileLimit / 2);
}

}  // namespace
}  // namespace pyro::mcp
