#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "gateway/mcp/tools/next_step.h"
#include "toolbox_fixture.h"

namespace pyro::mcp {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kSource = "the Git-tracked files of '/home/user/" + std::string(300, 'p') + "'";

TEST(Words, every_tool_has_a_title_and_a_description_of_at_most_600_characters) {
  for (const auto& options : every_choice()) {
    for (const auto& tool : tools_of(toolbox(options, kSource))) {
      EXPECT_NE(tool.title, tool.name);
      EXPECT_GT(tool.description.size(), 40) << tool.name;
      EXPECT_LE(tool.description.size(), 600) << tool_set(options).name << " " << tool.name;
    }
  }
}

TEST(Words, every_tool_has_a_title_and_a_text_in_its_row) {
  std::set<std::string_view> names;
  for (const auto& row : tool_rows()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " twice";
    EXPECT_FALSE(row.title.empty()) << row.name;
    EXPECT_FALSE(row.text.empty()) << row.name;
  }
  for (const auto& options : every_choice()) EXPECT_FALSE(tools_of(toolbox(options)).empty());
}

TEST(Words, that_differ_in_a_mode_are_of_tools_that_it_has) {
  for (const auto& options : every_choice()) {
    const ToolSet set = tool_set(options);
    const auto names = names_of(tools_of(toolbox(options)));
    std::set<std::string_view> seen;
    for (const Words& words : set.words) {
      EXPECT_THAT(names, Contains(words.tool)) << set.name;
      EXPECT_TRUE(seen.insert(words.tool).second) << set.name << " " << words.tool << " twice";
      EXPECT_NE(words.text, row_of(words.tool).text) << set.name << " " << words.tool;
    }
  }
}

TEST(Words, a_step_of_a_tools_own_names_tools_that_exist) {
  for (const auto& row : tool_rows()) {
    for (const Step& step : row.steps) {
      for (const auto tool : {step.has, step.lacks}) {
        if (tool.empty()) continue;
        EXPECT_NO_THROW(row_of(tool)) << row.name;
      }
    }
  }
}

TEST(Words, instructions_have_at_most_2000_characters_and_begin_with_the_workflow) {
  for (auto options : every_choice()) {
    options.environment = std::string(500, 'e');
    const auto box = toolbox(options, kSource);
    const auto text = instructions_of(box->set, {options.environment, kSource});
    EXPECT_LE(text.size(), 2000) << box->set.name;
    EXPECT_GT(text.size(), 300) << box->set.name;
    const auto first_tool =
        text.find(box->set.has("workspace_create") ? "workspace_create" : "vm_run");
    EXPECT_LT(first_tool, 200) << box->set.name;
  }
}

/// The names of all properties in a schema.
void add_fields(const Json& schema, std::set<std::string>& fields) {
  if (!schema.is_structured()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties") {
      for (const auto& property : value.items()) fields.insert(property.key());
    }
    add_fields(value, fields);
  }
}

/// All that a model reads of a server, answers aside.
std::string words_of(const Toolbox& box, const std::vector<Tool>& tools) {
  std::string all = instructions_of(box.set, box.setting);
  for (const auto& tool : tools) {
    all += " " + tool.description + tool.input_schema.dump() + tool.output_schema->dump();
    for (const auto& error : every_error())
      all += " " + next_step(error, row_of(tool.name).steps, box.set);
  }
  return all;
}

TEST(Words, a_model_reads_of_no_tool_that_it_does_not_have) {
  const std::regex pattern("\\b(vm|workspace|snapshot|shell|service)_[a-z_]*[a-z]\\b");
  for (const auto& options : every_choice()) {
    const auto box = toolbox(options);
    const auto tools = tools_of(box);
    std::set<std::string> known;
    for (const auto& tool : tools) {
      known.insert(tool.name);
      add_fields(tool.input_schema, known);
      add_fields(*tool.output_schema, known);
    }
    const std::string all = words_of(*box, tools);
    for (std::sregex_iterator found(all.begin(), all.end(), pattern), end; found != end; ++found) {
      EXPECT_TRUE(known.contains(found->str())) << box->set.name << " has no " << found->str();
    }
  }
}

TEST(Words, every_mode_has_instructions_of_its_own) {
  std::set<std::string> seen;
  for (const auto& options : every_choice()) {
    seen.insert(instructions_of(tool_set(options), {options.environment, ""}));
  }
  EXPECT_EQ(seen.size(), 6);  // core and full share theirs
}

TEST(Words, a_fix_is_kept_before_it_is_reset) {
  const ToolSet set = tool_set({.mode = ServerMode::kReproFix});
  const Setting setting{"debian:12", ""};
  for (const auto& text :
       {instructions_of(set, setting), description_of(row_of("workspace_reset"), set, setting)}) {
    const auto check = text.find("the check");
    const auto reset = text.rfind("reset,", check);
    EXPECT_LT(text.find("workspace_diff"), reset) << text;
    EXPECT_THAT(text, HasSubstr("patch_truncated"));
    EXPECT_THAT(text, HasSubstr("summary.non_text"));
  }
}

TEST(Words, the_source_and_the_environment_are_named_where_a_workspace_is_made) {
  const ServerOptions options{.environment = "debian:12-build"};
  const auto box = toolbox(options, "the Git-tracked files of '/src/parser'");
  const auto text = description_of(row_of("workspace_create"), box->set, box->setting);
  EXPECT_THAT(text, HasSubstr("debian:12-build"));
  EXPECT_THAT(text, HasSubstr("/src/parser"));
  EXPECT_THAT(instructions_of(box->set, box->setting), HasSubstr("/src/parser"));
  EXPECT_THAT(description_of(row_of("workspace_create"), box->set, {"debian:12", ""}),
              HasSubstr("empty"));
}

TEST(Words, a_mode_describes_its_own_workflow) {
  const Setting setting{"debian:12", ""};
  EXPECT_NE(
      description_of(row_of("workspace_exec"), tool_set({.mode = ServerMode::kColdStart}), setting),
      description_of(row_of("workspace_exec"), tool_set({}), setting));
}

}  // namespace
}  // namespace pyro::mcp
