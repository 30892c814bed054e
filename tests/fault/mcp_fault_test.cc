#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/fault/fault_points.h"
#include "tests/guest/mcp_fixture.h"

namespace pyro::test {
namespace {

using ::testing::HasSubstr;

class McpFaults : public Mcp {
 protected:
  McpFaults() : Mcp({{"PYRO_FAULTS", faults_directory().string()}}) {}

  static fs::path faults_directory() {
    static const TemporaryDirectory directory("/tmp", "pyro-faults");
    return directory.path();
  }

  FaultPoints points_{faults_directory()};
};

TEST_F(McpFaults, a_link_that_takes_the_place_of_what_was_checked_leads_nowhere) {
  auto server = serve();
  server.initialize();
  const std::string id = id_of(server.call("workspace_create"));
  const fs::path persons = directory_.path() / "persons";
  const fs::path place = project_ / "place";
  put(persons / "secret", "secret");
  struct Use {
    const char* point;
    const char* tool;
    Json arguments;
  };
  for (const auto& [point, tool, arguments] :
       std::vector<Use>{{"files.build_volume.begun", "workspace_create", {{"seed_path", "place"}}},
                        {"files.push.begun",
                         "workspace_sync_push",
                         {{"workspace_id", id}, {"source_path", "place"}}},
                        {"files.export.begun",
                         "workspace_export",
                         {{"workspace_id", id}, {"path", "."}, {"output_path", "place/new"}}}}) {
    SCOPED_TRACE(tool);
    fs::create_directory(place);
    points_.hold_at(point);
    const int call = server.begin(tool, arguments);
    ASSERT_TRUE(points_.wait_until_held([] { return false; }));
    fs::remove(place);
    fs::create_directory_symlink(persons, place);
    points_.release();
    EXPECT_THAT(server.failure(call), HasSubstr("symbolic link"));
    fs::remove(place);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(persons), {}), 1);
  EXPECT_EQ(server.call("workspace_file_list", {{"workspace_id", id}}).at("entries").size(), 0U);
}

}  // namespace
}  // namespace pyro::test
