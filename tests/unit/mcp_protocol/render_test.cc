#include "gateway/mcp/protocol/render.h"

#include <gtest/gtest.h>

#include "common/base/reasons/workspace.h"

namespace pyro::mcp {
namespace {

Tool look() {
  return {.name = "look",
          .title = "Look",
          .description = "Looks.",
          .input_schema = {{"type", "object"}},
          .output_schema = Json{{"type", "object"}},
          .annotations = {.read_only = true, .idempotent = true}};
}

TEST(Render, a_tool_has_what_its_revision_knows) {
  const auto tool = [](Revision revision) { return render_tools({look()}, revision)[0].dump(); };
  EXPECT_EQ(tool(Revision::k2024_11_05),
            R"({"name":"look","description":"Looks.","inputSchema":{"type":"object"}})");
  EXPECT_EQ(tool(Revision::k2025_03_26),
            R"({"name":"look","description":"Looks.","inputSchema":{"type":"object"},)"
            R"("annotations":{"readOnlyHint":true,"destructiveHint":false,)"
            R"("idempotentHint":true,"openWorldHint":false}})");
  for (const auto revision :
       {Revision::k2025_06_18, Revision::k2025_11_25, Revision::k2026_07_28}) {
    EXPECT_EQ(tool(revision), R"({"name":"look","title":"Look","description":"Looks.",)"
                              R"("inputSchema":{"type":"object"},"outputSchema":{"type":"object"},)"
                              R"("annotations":{"readOnlyHint":true,"destructiveHint":false,)"
                              R"("idempotentHint":true,"openWorldHint":false}})");
  }
}

TEST(Render, the_text_of_a_structured_result_is_the_same_json) {
  const ToolResult result{.structured = Json{{"a", "b\xFF"}}};
  const std::string text = "{\n  \"a\": \"b\xEF\xBF\xBD\"\n}";
  const Json content = Json::array({Json{{"type", "text"}, {"text", text}}});
  EXPECT_EQ(render_result(result, Revision::k2025_03_26), Json({{"content", content}}));
  EXPECT_EQ(render_result(result, Revision::k2025_06_18),
            Json({{"content", content}, {"structuredContent", *result.structured}}));
}

TEST(Render, content_of_the_tools_own_is_left_alone) {
  const Json content = Json::array({Json{{"type", "text"}, {"text", "mine"}}});
  const ToolResult result{.content = content, .structured = Json{{"a", 1}}};
  EXPECT_EQ(render_result(result, Revision::k2026_07_28),
            Json({{"content", content}, {"structuredContent", {{"a", 1}}}}));
  EXPECT_EQ(render_result({}, Revision::k2026_07_28), Json({{"content", Json::array()}}));
}

TEST(Render, an_error_is_text_and_where_clients_take_it_its_names) {
  const ToolResult result = ToolResult::error(not_found(reason::kJobMissing, "no job"), "no");
  EXPECT_EQ(render_result(result, Revision::k2025_11_25).dump(),
            R"({"content":[{"type":"text","text":"no"}],"isError":true,"structuredContent":)"
            R"({"error":{"code":"not_found","reason":"job_missing","message":"no job"}}})");
  EXPECT_EQ(render_result(result, Revision::k2025_03_26).dump(),
            R"({"content":[{"type":"text","text":"no"}],"isError":true})");
}

TEST(Render, modern_results_say_that_they_are_whole_and_who_gave_them) {
  const ServerInfo info{"pyro", "Pyro", "1", "Do."};
  EXPECT_EQ(render_complete({{"a", 1}}, info, Revision::k2025_11_25).dump(), R"({"a":1})");
  EXPECT_EQ(render_complete({{"a", 1}}, info, Revision::k2026_07_28).dump(),
            R"({"a":1,"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":)"
            R"({"name":"pyro","title":"Pyro","version":"1"}}})");
  EXPECT_FALSE(render_server(info, Revision::k2025_03_26).contains("title"));
}

TEST(Revision, names_go_to_their_era) {
  EXPECT_EQ(legacy_revision("2025-06-18"), Revision::k2025_06_18);
  EXPECT_EQ(legacy_revision("2026-07-28"), std::nullopt);
  EXPECT_EQ(legacy_revision("1999-01-01"), std::nullopt);
  EXPECT_EQ(modern_revision("2026-07-28"), Revision::k2026_07_28);
  EXPECT_EQ(modern_revision("2025-06-18"), std::nullopt);
}

}  // namespace
}  // namespace pyro::mcp
