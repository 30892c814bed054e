#include <gmock/gmock.h>

#include <optional>
#include <random>

#include "gateway/mcp/protocol/message.h"
#include "tests/unit/mcp_protocol/client.h"

namespace pyro::mcp {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Hostile, what_cannot_be_read_is_answered_without_an_id_and_the_next_line_counts) {
  Client client({echo()});
  for (const std::string& line :
       {std::string("{"), std::string("\"\xE2\x80"), std::string(100'000, '['),
        std::string("\0", 1), std::string("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xFF\"}")}) {
    client.send_line(line);
    const Json answer = client.receive();
    EXPECT_TRUE(answer["id"].is_null());
    EXPECT_LT(code_of(answer), 0);
    EXPECT_EQ(client.request(1, "ping")["id"], 1);
  }
}

TEST(Hostile, what_an_error_quotes_is_one_short_line_that_steers_nothing) {
  Client client({echo()});
  const std::string hostile = "x\x1b[31m\n" + std::string(10'000, 'y');
  const auto told = [](const Json& answer) {
    return answer["error"]["message"].get<std::string>();
  };
  client.call(1, hostile);
  for (const std::string& text : {told(client.request(2, hostile)), told(client.receive())}) {
    EXPECT_LT(text.size(), 200U);
    EXPECT_THAT(text, HasSubstr("x[31m"));
    EXPECT_THAT(text, Not(AnyOf(HasSubstr("\x1b"), HasSubstr("\n"))));
  }
}

TEST(Hostile, blank_lines_and_carriage_returns_are_nothing) {
  Client client({echo()});
  client.send_line("");
  client.send_line("\r");
  client.send_line(" \t ");
  client.send_line("  {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} \r");
  EXPECT_EQ(client.receive().dump(), R"({"jsonrpc":"2.0","id":1,"result":{}})");
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(Hostile, notifications_and_responses_are_never_answered) {
  Client client({echo()});
  for (const std::string method : {"notifications/initialized", "notifications/roots/list_changed",
                                   "tools/call", "ping", "initialize", "nosuch", ""}) {
    client.notify(method, {{"name", "echo"}});
    client.send({{"jsonrpc", "2.0"}, {"method", method}, {"params", {1, 2}}});
  }
  client.send({{"jsonrpc", "2.0"}, {"id", 1}, {"result", {{"a", 1}}}});
  client.send({{"jsonrpc", "2.0"}, {"id", nullptr}, {"error", {{"code", 1}, {"message", "x"}}}});
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

TEST(Hostile, big_messages_come_and_go_whole) {
  Client client({echo()});
  const std::string big(10U << 20U, 'x');
  auto sent = std::async(std::launch::async, [&] { client.call(1, "echo", {{"big", big}}); });
  EXPECT_EQ(client.receive()["result"]["content"][0]["text"], Json({{"big", big}}).dump());
  sent.get();
}

TEST(Hostile, ids_come_back_as_they_were) {
  Client client({echo()});
  for (const Json& id : {Json(0), Json(""), Json(-1), Json(18446744073709551615U),
                         Json("\xE2\x80\xA8\n"), Json(std::string(1U << 20U, 'i'))}) {
    EXPECT_EQ(client.request(id, "ping")["id"], id);
    client.call(id, "echo");
    EXPECT_EQ(client.receive()["id"], id);
  }
}

TEST(Hostile, a_line_beyond_the_limit_is_answered_once_and_the_next_one_counts) {
  Client client({echo()});
  const std::string piece(1U << 20U, ' ');
  for (int i = 0; i < 65; ++i) write_all(client.input(), piece);
  client.send_line("");
  const Json answer = client.receive();
  EXPECT_EQ(code_of(answer), -32600);
  EXPECT_THAT(answer["error"]["message"].get<std::string>(), ::testing::HasSubstr("64 MiB"));
  EXPECT_THAT(client.until_ping(), IsEmpty());
}

/// Damages messages in every way that comes to mind; what is still a request gets one answer.
class Mutations {
 public:
  explicit Mutations(unsigned seed) : random_(seed) {}

  std::string next() {
    std::string line = whole();
    const std::size_t damages = below(4);
    for (std::size_t i = 0; i < damages; ++i) damage(line);
    // An unfinished line would swallow the next one.
    std::erase(line, '\n');
    return line;
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::string_view any_of(const std::vector<std::string_view>& choices) {
    return choices[below(choices.size())];
  }
  std::string whole() {
    std::string line = R"({"jsonrpc":"2.0","id":)";
    line += std::to_string(below(1U << 30U));
    line += R"(,"method":")";
    line += any_of({"ping", "tools/list", "tools/call", "tools/call", "initialize",
                    "server/discover", "nosuch"});
    line += R"(","params":{"name":")";
    line += any_of({"echo", "fails", "nosuch"});
    line += R"(","arguments":{"a":[1,{"b":"\u00e9"}]},"protocolVersion":")";
    line += any_of({"2025-03-26", "2025-11-25", "x"});
    line += R"(","_meta":{"progressToken":1)";
    line += any_of({"}}}", R"(,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})",
                    R"(,"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
                    R"("io.modelcontextprotocol/clientCapabilities":{}}}})"});
    return below(20) == 0 ? "[" + line + "," + line + "]" : line;
  }
  void damage(std::string& line) {
    const std::size_t at = below(line.size() + 1);
    switch (below(5)) {
      case 0:
        line.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 1:
        line.erase(at, below(8));
        break;
      case 2:
        line.insert(at, any_of({"null", "[", "]", "{", "}", "\"", ",", "1e400", "-", "\\ud800",
                                "{}", "\"id\":", "true"}));
        break;
      case 3:
        if (at < line.size()) line[at] = static_cast<char>(line[at] ^ (1 << below(8)));
        break;
      default:
        line.insert(at, line.substr(below(line.size() + 1), below(40)));
    }
  }
  std::mt19937 random_;
};

/// By nlohmann's own parser, where the codec has another.
bool is_request(const std::string& line) {
  const Json json = Json::parse(line, nullptr, false);
  return json.is_object() && json.value("jsonrpc", Json()) == "2.0" && json.contains("method") &&
         json["method"].is_string() && json.contains("id") &&
         (json["id"].is_string() || json["id"].is_number_integer()) &&
         json.value("params", Json::object()).is_object();
}

/// The id of what answers this, null for an array of answers; nothing when nothing does.
std::optional<Json> answer_to(const Incoming& incoming) {
  for (const Message& message : incoming.messages) {
    const auto* const request = std::get_if<Request>(&message);
    const auto* const invalid = std::get_if<Invalid>(&message);
    if (request == nullptr && invalid == nullptr) continue;
    if (incoming.batch) return Json();
    return request != nullptr ? request->id : invalid->id;
  }
  return std::nullopt;
}

TEST(Hostile, whatever_comes_each_request_gets_one_answer) {
  Client client(
      {echo(), tool("fails", [](const ToolCall&) -> ToolResult { throw not_found("x"); })});
  Mutations mutations(20261121);
  int requests = 0, refused = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::string line = mutations.next();
    const Incoming incoming = parse_message(line);
    if (incoming.batch) client.initialize("2025-03-26");
    if (is_request(line)) {
      ++requests;
      ASSERT_TRUE(std::holds_alternative<Request>(incoming.messages.front())) << line;
    }
    client.send_line(line);
    const bool blank = line.find_first_not_of(" \t\r") == std::string::npos;
    if (const auto id = answer_to(incoming); id && !blank) {
      const Json answer = client.receive();
      ASSERT_EQ(answer.is_array(), incoming.batch) << line;
      if (answer.is_object()) {
        ASSERT_EQ(answer["id"], *id) << line;
        ASSERT_NE(answer.contains("result"), answer.contains("error")) << line;
        if (answer.contains("error")) ++refused;
      }
    }
    ASSERT_THAT(client.until_ping(), IsEmpty()) << line;
  }
  EXPECT_GT(requests, 500);
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace pyro::mcp
