#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host-helpers/hosts/settings_text.h"
#include "tests/support/errors.h"

namespace pyro::hosts {
namespace {

using api::Json;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::HasSubstr;

const SettingPath kTomlEntry{"mcp_servers", "pyro"};
const Json kServer = {{"command", "/p"}, {"args", {"mcp", "serve"}}};
const std::string kBlock = "[mcp_servers.pyro]\ncommand = \"/p\"\nargs = [\"mcp\", \"serve\"]\n";

std::string set(const std::string& text, const SettingPath& path, const Json& value) {
  return with_setting(Syntax::kToml, text, path, value);
}
std::string drop(const std::string& text, const SettingPath& path = kTomlEntry) {
  return without_setting(Syntax::kToml, text, path);
}

TEST(TomlText, a_new_table_comes_last_and_goes_without_a_trace) {
  EXPECT_EQ(set("", kTomlEntry, kServer), kBlock);
  for (const std::string text :
       {"model = \"x\" # mine\n", "# top\n[a]\nb = 1\n", "[mcp_servers.other]\ncommand = \"o\"\n",
        "[a]\nb = 1\n\n", "[a]\r\nb = 1\r\n", "\xEF\xBB\xBF[a]\nb = 1\n", "a.b = 1\n"}) {
    const std::string made = set(text, kTomlEntry, kServer);
    EXPECT_TRUE(made.starts_with(text)) << made;
    EXPECT_EQ(drop(made), text.ends_with("\n\n") ? text.substr(0, text.size() - 1) : text);
  }
  EXPECT_EQ(set("a = 1", kTomlEntry, kServer), "a = 1\n\n" + kBlock);
  EXPECT_EQ(set("[a]\r\nb = 1\r\n", {"x", "y"}, Json({{"z", 1}})),
            "[a]\r\nb = 1\r\n\r\n[x.y]\r\nz = 1\r\n");
}

TEST(TomlText, values_change_in_their_place_whatever_the_shape) {
  const Json two = Json::array({"a", "b"});
  EXPECT_EQ(set("[mcp_servers.pyro] # c\ncommand = 'x' # why\n  args = [\n 1, # one\n 2 ]\n[z]\n",
                {"mcp_servers", "pyro", "args"}, two),
            "[mcp_servers.pyro] # c\ncommand = 'x' # why\n  args = [\"a\", \"b\"]\n[z]\n");
  EXPECT_EQ(
      set("mcp_servers.pyro.command = '''x\ny''' # c\n", {"mcp_servers", "pyro", "command"}, "z"),
      "mcp_servers.pyro.command = \"z\" # c\n");
  EXPECT_EQ(set("[mcp_servers]\npyro = { command = \"x\", args = [] } # c\n",
                {"mcp_servers", "pyro", "command"}, "z"),
            "[mcp_servers]\npyro = { command = \"z\", args = [] } # c\n");
  EXPECT_EQ(set("[\"mcp_servers\" . 'pyro']\n\"command\" = \"x\"\n",
                {"mcp_servers", "pyro", "command"}, "z"),
            "[\"mcp_servers\" . 'pyro']\n\"command\" = \"z\"\n");
}

TEST(TomlText, a_missing_key_joins_its_table_whatever_the_shape) {
  const SettingPath key{"mcp_servers", "pyro", "enabled"};
  EXPECT_EQ(set("[mcp_servers.pyro]\ncommand = \"x\" # c\n\n# of z\n[z]\na = 1\n", key, true),
            "[mcp_servers.pyro]\ncommand = \"x\" # c\nenabled = true\n\n# of z\n[z]\na = 1\n");
  EXPECT_EQ(set("[mcp_servers.pyro]", key, true), "[mcp_servers.pyro]\nenabled = true\n");
  EXPECT_EQ(set("[mcp_servers]\n  pyro.command = \"x\"\nq.command = \"y\"\n", key, true),
            "[mcp_servers]\n  pyro.command = \"x\"\n  pyro.enabled = true\nq.command = \"y\"\n");
  EXPECT_EQ(set("mcp_servers = { pyro = { command = \"x\" } }\n", key, true),
            "mcp_servers = { pyro = { command = \"x\", enabled = true } }\n");
  EXPECT_EQ(set("mcp_servers = {}\n", key, true), "mcp_servers = { pyro.enabled = true }\n");
  EXPECT_EQ(set("[mcp_servers.pyro]\ncommand = \"x\"\n[mcp_servers.pyro.env]\nA = \"1\"\n",
                {"mcp_servers", "pyro", "env", "B"}, "2"),
            "[mcp_servers.pyro]\ncommand = \"x\"\n[mcp_servers.pyro.env]\nA = \"1\"\nB = \"2\"\n");
}

TEST(TomlText, a_key_of_the_root_comes_before_the_first_table) {
  EXPECT_EQ(set("# top\n\n[a]\nb = 1\n", {"sandbox_mode"}, "read-only"),
            "# top\n\nsandbox_mode = \"read-only\"\n\n[a]\nb = 1\n");
  EXPECT_EQ(set("x = 1\n[a]\nb = 1\n", {"sandbox_mode"}, "r"),
            "x = 1\nsandbox_mode = \"r\"\n[a]\nb = 1\n");
  EXPECT_EQ(set("", {"sandbox_mode"}, "r"), "sandbox_mode = \"r\"\n");
  EXPECT_EQ(set("\xEF\xBB\xBF[a]\n", {"k"}, 1), "\xEF\xBB\xBFk = 1\n\n[a]\n");
}

TEST(TomlText, an_entry_goes_in_every_shape_with_its_tables_and_no_others) {
  EXPECT_EQ(drop("[a]\nb = 1\n\n[mcp_servers.pyro]\ncommand = \"x\"\n\n[mcp_servers.pyro.env]\nA = "
                 "\"1\"\n\n"
                 "# of the other\n[mcp_servers.other]\ncommand = \"y\"\n"),
            "[a]\nb = 1\n\n# of the other\n[mcp_servers.other]\ncommand = \"y\"\n");
  EXPECT_EQ(drop("[mcp_servers]\npyro = { command = \"x\" }\nq = {}\n"), "[mcp_servers]\nq = {}\n");
  EXPECT_EQ(drop("mcp_servers = { pyro = { command = \"x\" }, q = {} }\n"),
            "mcp_servers = { q = {} }\n");
  EXPECT_EQ(drop("mcp_servers = { q = {}, pyro = { command = \"x\" } }\n"),
            "mcp_servers = { q = {} }\n");
  EXPECT_EQ(drop("a = 1\n\n[mcp_servers]\n\n[mcp_servers.pyro]\nb = 1\n"), "a = 1\n");
  EXPECT_EQ(drop("[mcp_servers] # mine\n\n[mcp_servers.pyro]\nb = 1\n"), "[mcp_servers] # mine\n");
  EXPECT_EQ(drop("mcp_servers.pyro.command = \"x\"\nmcp_servers.pyro.args = []\nb = 1\n"),
            "b = 1\n");
  EXPECT_EQ(drop("[mcp_servers.pyro2]\na = 1\n"), "[mcp_servers.pyro2]\na = 1\n");
}

TEST(TomlText, what_looks_like_a_table_in_a_text_or_a_list_is_none) {
  const std::string text =
      "a = \"\"\"\n[mcp_servers.pyro]\n\\\"\"\"\"\"\nb = '''\n# ''' # [mcp_servers.pyro]\n"
      "c = [ { pyro = 1 }, [\"]\", '#'] ]\nd = \"\\\"[x]\"\n\n[[mcp_servers_list]]\npyro = 1\n"
      "[mcp_servers_list.pyro2]\nx = 2024-01-01 10:00:00\n\n";
  EXPECT_EQ(drop(text), text);
  EXPECT_EQ(set(text, kTomlEntry, kServer), text + kBlock);
}

TEST(TomlText, every_word_survives) {
  const std::string odd = "c\"d\\e\n\t\x7f é ${X} 'q' \x01";
  const Json read = read_settings(Syntax::kToml, set("", {"a", odd}, Json::array({odd})));
  EXPECT_EQ(read["a"][odd][0], odd);
}

TEST(TomlText, what_cannot_be_parsed_is_refused_with_its_line) {
  for (const auto& [text, where] :
       std::vector<std::pair<std::string, std::string>>{{"a = 1\nb = \n", "line 2"},
                                                        {"[a]\n[a]\n", "line 2"},
                                                        {"a = 1\na = 2\n", "line 2"},
                                                        {"[a\n", "line 1"},
                                                        {"a = \"\xFF\"", "it is not UTF-8"}}) {
    EXPECT_THAT(error_of([&text = text] { set(text, kTomlEntry, kServer); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr(where)));
  }
  EXPECT_THAT(error_of([] { set("mcp_servers = 3\n", kTomlEntry, kServer); }),
              Refused(ErrorCode::kFailedPrecondition, HasSubstr("'mcp_servers' is not a table")));
}

}  // namespace
}  // namespace pyro::hosts
