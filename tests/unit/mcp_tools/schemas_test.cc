#include <gmock/gmock.h>

#include <regex>

#include "gateway/mcp/protocol/render.h"
#include "toolbox_fixture.h"

/// The rules by which every host takes a tool: one bad schema costs all tools of a server.
namespace pyro::mcp {
namespace {

using ::testing::HasSubstr;

/// Every schema within `schema`, itself included, with its place.
void visit(const Json& schema, const std::string& place,
           const std::function<void(const Json&, const std::string&)>& seen) {
  seen(schema, place);
  if (!schema.is_object()) return;
  if (schema.contains("properties")) {
    for (const auto& [name, property] : schema["properties"].items()) {
      visit(property, place + "." + name, seen);
    }
  }
  if (schema.contains("items")) visit(schema["items"], place + "[]", seen);
}

class Schemas : public ::testing::TestWithParam<ServerOptions> {
 protected:
  std::vector<Tool> tools = tools_of(toolbox(GetParam()));
};

TEST_P(Schemas, names_fit_every_host) {
  for (const auto& name : names_of(tools)) {
    EXPECT_TRUE(std::regex_match(name, std::regex("[a-z][a-z0-9_]{0,39}"))) << name;
  }
}

TEST_P(Schemas, inputs_are_flat_objects_that_take_nothing_unknown) {
  for (const auto& tool : tools) {
    EXPECT_EQ(tool.input_schema["type"], "object") << tool.name;
    EXPECT_TRUE(tool.input_schema["properties"].is_object()) << tool.name;
    EXPECT_EQ(tool.input_schema["additionalProperties"], false) << tool.name;
    visit(tool.input_schema, tool.name, [](const Json& schema, const std::string& place) {
      ASSERT_TRUE(schema.is_object()) << place;
      EXPECT_TRUE(schema["type"].is_string()) << place;
      for (const char* word : {"anyOf", "oneOf", "allOf", "$ref", "prefixItems", "not", "if"}) {
        EXPECT_FALSE(schema.contains(word)) << place;
      }
    });
  }
}

TEST_P(Schemas, bounds_and_defaults_stand_in_the_descriptions_as_well) {
  for (const auto& tool : tools) {
    for (const auto& [name, property] : tool.input_schema["properties"].items()) {
      const auto text = property.at("description").get<std::string>();
      const auto says = [&, field = name](const Json& value) {
        EXPECT_THAT(text, HasSubstr(value.dump())) << tool.name << "." << field;
      };
      if (property.contains("maximum")) says(property["maximum"]);
      if (property.contains("minimum") && property["minimum"] != 1) says(property["minimum"]);
      if (property.contains("default")) says(property["default"]);
      for (const char* bound : {"maxLength", "maxItems", "maxProperties"}) {
        if (property.contains(bound)) says(property[bound]);
      }
    }
  }
}

TEST_P(Schemas, what_is_required_exists_and_has_no_default) {
  for (const auto& tool : tools) {
    for (const auto& name : tool.input_schema.value("required", Json::array())) {
      const auto& property = tool.input_schema["properties"].at(name.get<std::string>());
      EXPECT_FALSE(property.contains("default")) << tool.name << "." << name;
    }
  }
}

TEST(SchemasInAll, of_the_default_tools_cost_a_model_at_most_25_kb) {
  const auto tools = tools_of(toolbox({}));
  EXPECT_LE(to_line(render_tools(tools, kNewestLegacy)).size(), 25'000);
}

TEST(SchemasInAll, tell_a_result_once) {
  const Json made = *named(tools_of(toolbox({})), "workspace_create").output_schema;
  EXPECT_EQ(made["properties"]["state"].dump(), R"({"type":"string"})");
  EXPECT_FALSE(made["properties"].contains("last_error")) << "a field that may be null";
  EXPECT_EQ(named(tools_of(toolbox({})), "workspace_reset").output_schema->dump(),
            R"({"type":"object","properties":{},"description":"That of workspace_create."})");
}

TEST_P(Schemas, outputs_are_objects_that_take_more_than_they_name) {
  for (const auto& tool : tools) {
    ASSERT_TRUE(tool.output_schema) << tool.name;
    EXPECT_EQ((*tool.output_schema)["type"], "object") << tool.name;
    visit(*tool.output_schema, tool.name, [](const Json& schema, const std::string& place) {
      ASSERT_TRUE(schema.is_object()) << place;
      EXPECT_NE(schema.value("additionalProperties", Json()), Json(false)) << place;
      for (const auto& name : schema.value("required", Json::array())) {
        const auto& type = schema["properties"].at(name.get<std::string>()).at("type");
        EXPECT_TRUE(type.is_string()) << place << "." << name << " may be null";
      }
    });
  }
}

TEST_P(Schemas, fields_between_processes_are_in_none) {
  for (const auto& tool : tools) {
    for (const char* hidden : {"output_socket", "boot", "origin", "answer_within_seconds"}) {
      EXPECT_FALSE(tool.input_schema["properties"].contains(hidden)) << tool.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryChoice, Schemas, ::testing::ValuesIn(every_choice()),
                         [](const auto& choice) {
                           std::string name(tool_set(choice.param).name);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace pyro::mcp
