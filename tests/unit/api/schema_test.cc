#include "common/api/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "common/api/environment.h"
#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/api/stack.h"
#include "tests/support/errors.h"
#include "tests/unit/api/dummy.h"

namespace pyro::api {
namespace {

/// What every MCP client takes: an object at the root, one type a property, portable names, no
/// boolean schemas, no combinators, bounds and defaults repeated in the description.
void expect_portable(const Json& schema, const std::string& where) {
  ASSERT_TRUE(schema.is_object()) << where << ": " << schema;
  EXPECT_EQ(schema.value("type", Json()), "object") << where;
  EXPECT_EQ(schema.value("additionalProperties", Json()), false) << where;
  for (const auto* word : {"anyOf", "oneOf", "allOf", "$ref", "not", "prefixItems"}) {
    EXPECT_FALSE(schema.contains(word)) << where << ": " << word;
  }
  static const std::regex portable("^[a-zA-Z0-9_.-]{1,64}$");
  for (const auto& [name, property] : schema.at("properties").items()) {
    const std::string here = where + "." + name;
    EXPECT_TRUE(std::regex_match(name, portable)) << here;
    ASSERT_TRUE(property.is_object()) << here << " is a boolean schema";
    ASSERT_TRUE(property.contains("type") && property["type"].is_string()) << here;
    const auto description = property.value("description", std::string());
    EXPECT_FALSE(description.empty()) << here;
    for (const auto* bound : {"maximum", "default"}) {
      if (!property.contains(bound)) continue;
      EXPECT_NE(description.find(property[bound].dump()), std::string::npos)
          << here << ": " << bound << " is not in '" << description << "'";
    }
    if (property["type"] == "object" && property.contains("properties")) {
      expect_portable(property, here);
    }
    if (property["type"] == "array") {
      ASSERT_TRUE(property.contains("items") && property["items"].is_object()) << here;
      if (property["items"]["type"] == "object") expect_portable(property["items"], here + "[]");
    }
  }
  if (schema.contains("required")) {
    for (const auto& name : schema["required"]) {
      EXPECT_TRUE(schema["properties"].contains(name)) << where << "." << name;
    }
  }
}

template <class... Ops>
void expect_all_portable(Api<Ops...>) {
  (expect_portable(schema_of<Ops>(SchemaFor::kRequest), std::string(Ops::kMethod.name)), ...);
}

TEST(Schema, of_every_request_is_portable) {
  expect_all_portable(MachineApi{});
  expect_all_portable(TemplateApi{});
  expect_all_portable(StackApi{});
  expect_all_portable(Api<ListEnvironments, InspectEnvironment, PullEnvironment>{});
  expect_all_portable(Api<Cook>{});
}

TEST(Schema, of_a_dummy_operation_holds_limits_and_defaults) {
  const Json schema = schema_of<Cook>(SchemaFor::kRequest);
  EXPECT_EQ(schema["required"], Json::array({"dish"}));
  EXPECT_EQ(schema["properties"]["table"].dump(),
            R"({"type":"integer","description":"Where it goes. 1 to 8; default 1.",)"
            R"("minimum":1,"maximum":8,"default":1})");
  EXPECT_EQ(schema["properties"]["minutes"].dump(),
            R"({"type":"number","description":"How long. Positive; default 2.5.",)"
            R"("exclusiveMinimum":0,"default":2.5})");
  EXPECT_EQ(schema["properties"]["doneness"].dump(),
            R"({"type":"string","enum":["rare","medium"],)"
            R"("description":"How done. Default \"medium\".","default":"medium"})");
  EXPECT_EQ(schema["properties"]["sides"]["maxItems"], 2);
  EXPECT_EQ(schema["properties"]["sides"]["items"]["required"], Json::array({"name"}));
  EXPECT_EQ(schema["properties"]["extras"]["additionalProperties"]["type"], "integer");
  EXPECT_FALSE(schema["properties"].contains("secret"));
}

TEST(Schema, of_run_machine_shows_the_contract) {
  const Json schema = schema_of<RunMachine>(SchemaFor::kRequest);
  EXPECT_EQ(schema["required"], Json::array({"environment", "command"}));
  EXPECT_EQ(schema["properties"]["vcpu_count"]["maximum"], 8);
  EXPECT_EQ(schema["properties"]["mem_mib"]["minimum"], 256);
  EXPECT_EQ(schema["properties"]["mem_mib"]["default"], 1024);
  EXPECT_EQ(schema["properties"]["timeout_seconds"]["minimum"], 1);
  EXPECT_EQ(schema["properties"]["ttl_seconds"]["maximum"], 604800);
  EXPECT_FALSE(schema["properties"].contains("output_socket"));
}

TEST(Schema, of_a_reply_may_grow_and_its_optional_fields_may_be_null) {
  const Json schema = schema_of<Meal>(SchemaFor::kReply);
  EXPECT_EQ(schema["type"], "object");
  EXPECT_FALSE(schema.contains("additionalProperties"));
  EXPECT_EQ(schema["properties"]["price"]["type"], Json::array({"number", "null"}));
  EXPECT_EQ(schema["properties"]["tip"]["type"], "integer");
  EXPECT_EQ(schema["required"], Json::array({"summary"}));
}

}  // namespace
}  // namespace pyro::api
