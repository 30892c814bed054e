#include <gmock/gmock.h>

#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

using ::testing::HasSubstr;

const Json& result(const Json& answer) { return answer.at("result"); }

TEST(Era, initialize_echoes_a_known_revision_and_offers_the_newest_legacy_one_otherwise) {
  Client client({echo()});
  for (const std::string known : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    EXPECT_EQ(result(client.initialize(known))["protocolVersion"], known);
  }
  for (const Json& other : {Json("1999-01-01"), Json("2026-07-28"), Json(""), Json(5), Json()}) {
    const Json answer = client.request(0, "initialize", {{"protocolVersion", other}});
    EXPECT_EQ(result(answer)["protocolVersion"], "2025-11-25");
  }
  const Json answer = client.request(0, "initialize");
  EXPECT_EQ(result(answer).dump(),
            R"({"protocolVersion":"2025-11-25","capabilities":{"tools":{}},)"
            R"("serverInfo":{"name":"test","title":"Test","version":"1"},"instructions":"Do."})");
}

TEST(Era, a_modern_client_needs_no_session) {
  Client client({echo()});
  const Json listed = result(client.request(0, "tools/list", {{"_meta", modern()}}));
  EXPECT_EQ(listed["resultType"], "complete");
  EXPECT_GT(listed["ttlMs"], 0);
  EXPECT_EQ(listed["cacheScope"], "private");
  EXPECT_EQ(listed["tools"].size(), 1U);
  EXPECT_EQ(listed["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "test");
}

TEST(Era, discover_names_the_modern_revisions_alone) {
  Client client({echo()});
  const Json found =
      result(client.request("server-discover-probe-1", "server/discover", {{"_meta", modern()}}));
  EXPECT_EQ(found["supportedVersions"].dump(), R"(["2026-07-28"])");
  EXPECT_EQ(found["capabilities"].dump(), R"({"tools":{}})");
  EXPECT_EQ(found["instructions"], "Do.");
  EXPECT_EQ(found["resultType"], "complete");
  EXPECT_GT(found["ttlMs"], 0);
}

TEST(Era, a_modern_request_must_say_its_revision_and_capabilities) {
  Client client({echo()});
  const std::string version = "io.modelcontextprotocol/protocolVersion";
  const std::string capabilities = "io.modelcontextprotocol/clientCapabilities";
  const auto discover = [&client](const Json& params) {
    return code_of(client.request(1, "server/discover", params));
  };
  EXPECT_EQ(discover(Json::object()), -32602);
  EXPECT_EQ(discover({{"_meta", Json::object()}}), -32602);
  EXPECT_EQ(discover({{"_meta", 5}}), -32602);
  EXPECT_EQ(discover({{"_meta", {{version, 20260728}, {capabilities, Json::object()}}}}), -32602);
  EXPECT_EQ(discover({{"_meta", {{version, "2026-07-28"}}}}), -32602);
  EXPECT_EQ(discover({{"_meta", {{version, "2026-07-28"}, {capabilities, Json::array()}}}}),
            -32602);
  EXPECT_EQ(discover({{"_meta", modern()}}), 0);
}

TEST(Era, an_unknown_modern_revision_is_told_what_there_is) {
  Client client({echo()});
  for (const std::string version : {"2027-01-01", "2025-11-25", ""}) {
    Json meta = modern();
    meta["io.modelcontextprotocol/protocolVersion"] = version;
    const Json answer = client.request(1, "tools/list", {{"_meta", meta}});
    EXPECT_EQ(code_of(answer), -32022);
    EXPECT_EQ(answer["error"]["data"],
              Json({{"supported", {"2026-07-28"}}, {"requested", version}}));
  }
}

TEST(Era, what_an_era_does_not_have_is_not_found) {
  Client client({echo()});
  client.initialize("2025-11-25");
  for (const std::string method :
       {"resources/list", "resources/templates/list", "prompts/list", "logging/setLevel",
        "subscriptions/listen", "completion/complete", "tools/List", "",
        "notifications/cancelled"}) {
    const Json answer = client.request(1, method);
    EXPECT_EQ(code_of(answer), -32601) << method;
    EXPECT_THAT(answer["error"]["message"].get<std::string>(), HasSubstr(method));
  }
  for (const std::string method :
       {"initialize", "ping", "logging/setLevel", "resources/list", "subscriptions/listen"}) {
    EXPECT_EQ(code_of(client.request(1, method, {{"_meta", modern()}})), -32601) << method;
  }
}

TEST(Era, each_request_has_its_own) {
  Client client({echo()});
  client.initialize("2024-11-05");
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(result(client.request(1, "tools/list", {{"_meta", modern()}}))["tools"][0].contains(
        "title"));
    EXPECT_FALSE(result(client.request(2, "tools/list"))["tools"][0].contains("annotations"));
    client.call(3, "echo", {{"a", 1}}, modern());
    EXPECT_EQ(result(client.receive())["resultType"], "complete");
    client.call(4, "echo", {{"a", 1}});
    EXPECT_FALSE(result(client.receive()).contains("resultType"));
  }
}

TEST(Era, a_legacy_client_without_a_session_is_answered_as_of_2025_03_26) {
  Client client({echo()});
  const Json tool = result(client.request(0, "tools/list"))["tools"][0];
  EXPECT_TRUE(tool.contains("annotations"));
  EXPECT_FALSE(tool.contains("title"));
  EXPECT_EQ(result(client.request(0, "ping")), Json::object());
}

TEST(Era, a_tool_hears_the_capabilities_of_the_request_or_of_the_session) {
  Client client(
      {tool("caps", [](const ToolCall& call) { return said(call.client_capabilities.dump()); })});
  const auto caps = [&client](const Json& meta) {
    client.call(1, "caps", Json::object(), meta);
    return result(client.receive())["content"][0]["text"].get<std::string>();
  };
  EXPECT_EQ(caps(Json::object()), "{}");
  client.initialize("2025-11-25");
  EXPECT_EQ(caps(Json::object()), R"({"roots":{}})");
  EXPECT_EQ(caps(modern()), R"({"sampling":{}})");
}

}  // namespace
}  // namespace pyro::mcp
