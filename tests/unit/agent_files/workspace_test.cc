#include "guest/agent/files/workspace.h"

#include <gmock/gmock.h>

#include "common/api/msgpack_codec.h"
#include "common/base/reasons/stack.h"
#include "guest/agent/files/files_service.h"
#include "tests/support/errors.h"
#include "tests/unit/agent_files/volume_support.h"

namespace pyro::agent::files {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using namespace std::chrono_literals;

namespace wire = api::agent;

/// A directory that can be frozen, as far as anybody asks.
class FreezableVolume : public HostVolume {
 public:
  using HostVolume::HostVolume;
  void freeze(int) override {
    if (std::exchange(frozen, true)) throw failed_precondition("the workspace is frozen already");
  }
  bool thaw(int) noexcept override { return std::exchange(frozen, false); }

  bool frozen = false;
};

class WorkspaceTest : public ::testing::Test {
 protected:
  WorkspaceTest() { workspace_.mount(); }

  void put(const std::string& path, std::string_view text) const {
    std::ofstream(directory_ / ("workspace/tree/" + path)) << text;
  }

  pyro::testing::TestDirectory directory_;
  FreezableVolume volume_{directory_ / "workspace"};
  Workspace workspace_{volume_};
};

TEST_F(WorkspaceTest, a_full_disk_is_named_with_its_size_and_the_way_out) {
  const auto full = workspace_.about_its_disk(system_error("write 'a'", ENOSPC));
  EXPECT_EQ(full.reason(), reason::kDiskFull);
  EXPECT_THAT(full.message(), ::testing::MatchesRegex(
                                  "write 'a': No space left on device: the disk of /workspace "
                                  ".[0-9.]+ [KMGT]iB. is full: delete files there, as with rm"));
  EXPECT_EQ(workspace_.about_its_disk(system_error("write 'a'", EIO)).message(),
            system_error("write 'a'", EIO).message());
}

TEST_F(WorkspaceTest, a_freeze_counts_what_is_in_the_tree) {
  put("a", "12345");
  put("b", "678");
  FilesService service(workspace_, {});
  const auto usage = service.handle(wire::FreezeVolume{});
  EXPECT_EQ(usage.entry_count, 2U);
  EXPECT_EQ(usage.bytes, 8U);
  EXPECT_TRUE(volume_.frozen);
  EXPECT_TRUE(service.handle(wire::ThawVolume{}).held);
  EXPECT_FALSE(service.handle(wire::ThawVolume{}).held);
  EXPECT_FALSE(volume_.frozen);
}

TEST_F(WorkspaceTest, who_froze_it_is_refused_to_write_instead_of_waiting_for_itself) {
  FilesService service(workspace_, {});
  service.handle(wire::BeginChange{});
  service.handle(wire::FreezeVolume{});
  const auto refused = Refused(ErrorCode::kFailedPrecondition,
                               "the workspace is frozen by this connection: thaw it first");
  EXPECT_THAT(error_of([&] { service.handle(wire::ReplaceFile{.path = "a"}); }), refused);
  EXPECT_THAT(error_of([&] { service.handle(wire::StageTree{}); }), refused);
  EXPECT_THAT(error_of([&] { service.handle(wire::CommitChange{}); }), refused);
  EXPECT_THAT(error_of([&] { service.handle(wire::FreezeVolume{}); }), refused);
  EXPECT_THAT(error_of([&] { FilesService(workspace_, {}).handle(wire::FreezeVolume{}); }),
              Refused(ErrorCode::kFailedPrecondition, "the workspace is frozen already"));
  EXPECT_TRUE(volume_.frozen);
}

TEST_F(WorkspaceTest, a_connection_that_ends_thaws_before_it_tidies_up) {
  {
    FilesService service(workspace_, {});
    service.handle(wire::BeginChange{});
    service.handle(wire::FreezeVolume{});
  }
  EXPECT_FALSE(volume_.frozen);
  EXPECT_TRUE(std::filesystem::is_empty(directory_ / "workspace/.pyro/staging"));
}

TEST_F(WorkspaceTest, what_came_to_rest_is_thawed_by_nobody) {
  FilesService service(workspace_, {});
  service.handle(wire::FreezeVolume{});
  workspace_.come_to_rest();
  EXPECT_FALSE(service.handle(wire::ThawVolume{}).held);
  EXPECT_TRUE(volume_.frozen);
}

}  // namespace
}  // namespace pyro::agent::files
