#include "gateway/mcp/tools/pages.h"

#include <gmock/gmock.h>

#include "common/api/json_codec.h"
#include "gateway/mcp/tools/results.h"
#include "toolbox_fixture.h"

namespace pyro::mcp {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string hint_of(const Json& reply) { return reply.value("hint", ""); }

Json list_of(int count, const std::string& path) {
  Json list = {{"count", count}, {"truncated", false}, {"entries", Json::array()}};
  for (int i = 0; i < count; ++i) list["entries"].push_back({{"path", path + std::to_string(i)}});
  return list;
}

std::size_t text_size(const Json& reply) { return text_of(answer(reply)).size(); }

TEST(Pages, of_a_long_list_name_where_the_next_begins) {
  Json list = list_of(5000, "node_modules/");
  page_list("workspace_file_list", 7, "entries", list);
  const auto kept = list["entries"].size();
  EXPECT_GT(kept, 100);
  EXPECT_LT(kept, 4000);
  EXPECT_EQ(list["truncated"], true);
  EXPECT_EQ(list["next_offset"], kept + 7);
  EXPECT_THAT(hint_of(list), AllOf(HasSubstr("workspace_file_list"),
                                   HasSubstr("offset " + std::to_string(kept + 7))));
  EXPECT_LE(text_size(list), 25'000);

  Json few = list_of(5, "a");
  page_list("workspace_file_list", 0, "entries", few);
  EXPECT_EQ(few["truncated"], false);
  EXPECT_FALSE(few.contains("next_offset"));
  EXPECT_FALSE(few.contains("hint"));
}

TEST(Pages, hold_one_entry_whatever_its_size) {
  Json list = list_of(2, std::string(100'000, 'x'));
  page_list("workspace_file_list", 0, "entries", list);
  EXPECT_EQ(list["entries"].size(), 1);
  EXPECT_EQ(list["next_offset"], 1);
}

TEST(Pages, of_a_history_are_the_latest_unless_older_ones_are_asked_for) {
  Json latest = list_of(2000, "command ");
  latest["offset"] = 0;
  page_logs({}, latest, false);
  const auto kept = latest["entries"].size();
  EXPECT_EQ(latest["entries"].back()["path"], "command 1999");
  EXPECT_EQ(latest["offset"], 2000 - kept);
  EXPECT_EQ(latest["truncated"], false);
  EXPECT_THAT(hint_of(latest), AllOf(HasSubstr("offset 0"), HasSubstr("2000")));

  Json oldest = list_of(2000, "command ");
  oldest["offset"] = 0;
  page_logs({.offset = 0}, oldest, true);
  EXPECT_EQ(oldest["entries"][0]["path"], "command 0");
  EXPECT_EQ(oldest["next_offset"], oldest["entries"].size());
  EXPECT_THAT(hint_of(oldest),
              AllOf(HasSubstr("workspace_logs with offset"), HasSubstr("workspace_exec_poll")));
}

TEST(Pages, of_a_diff_tell_what_is_left_and_what_was_cut) {
  Json diff = {{"summary", {{"total", 30}}}, {"truncated", true}, {"next_offset", 12}};
  tell_rest_of_diff({}, diff, true);
  EXPECT_THAT(hint_of(diff), AllOf(HasSubstr("18 more: call workspace_diff with offset 12."),
                                   HasSubstr("workspace_export")));
  Json whole = {{"summary", {{"total", 30}}}, {"truncated", false}};
  tell_rest_of_diff({}, whole, false);
  EXPECT_FALSE(whole.contains("hint"));
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

}  // namespace
}  // namespace pyro::mcp
