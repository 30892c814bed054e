#include "common/api/ports.h"

#include <mutex>

#include "common/api/workspace_network.h"
#include "common/api/workspace_ports.h"
#include "common/api/workspace_services.h"
#include "common/base/files.h"
#include "common/base/reasons/machine.h"
#include "tests/service/workspace/workspace_service.h"

namespace pyro::workspace {
namespace {

using api::NetworkPolicy;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A net service that keeps what is published, without a listener.
class WorkspacePorts : public WorkspaceService {
 protected:
  WorkspacePorts() : net_(stack_.paths(), "net") {
    net_.on<api::PublishPorts>([this](const api::PublishPorts& request) {
      const std::lock_guard lock(mutex_);
      api::PublishedEntries made;
      for (const auto& wanted : request.ports) {
        api::PublishedEntry entry;
        entry.guest_port = wanted.guest_port;
        entry.host_port = wanted.host_port.value_or(next_++);
        entry.workspace_id = request.workspace_id;
        entry.vm_id = request.vm_id;
        entry.service_name = request.service_name;
        made.ports.push_back(entry);
        published_.push_back(entry);
      }
      ++publications_;
      note();
      return made;
    });
    net_.on<api::WithdrawPorts>([this](const api::WithdrawPorts& request) {
      const std::lock_guard lock(mutex_);
      std::erase_if(published_, [&](const api::PublishedEntry& entry) {
        return entry.workspace_id == request.workspace_id &&
               (!request.service_name || entry.service_name == request.service_name) &&
               (!request.host_port || entry.host_port == *request.host_port);
      });
      note();
      return api::PublishedEntries{};
    });
    net_.on<api::ListPublished>([this](const api::ListPublished& request) {
      const std::lock_guard lock(mutex_);
      api::PublishedEntries all;
      for (const auto& entry : published_) {
        if (entry.workspace_id == request.workspace_id) all.ports.push_back(entry);
      }
      return all;
    });
  }

  std::string create_publishing() {
    return call(api::CreateWorkspace{.environment = "debian:12",
                                     .network_policy = NetworkPolicy::kEgressPublishedPorts})
        .workspace_id;
  }
  std::uint32_t open(const std::string& id, std::uint32_t guest_port = 3000) {
    return call(api::OpenPort{.workspace_id = id, .guest_port = guest_port}).ports.back().host_port;
  }
  std::vector<api::PublishedEntry> published() {
    const std::lock_guard lock(mutex_);
    return published_;
  }
  int publications() {
    const std::lock_guard lock(mutex_);
    return publications_;
  }

 private:
  /// A net service has a record of each port in that directory.
  void note() const {
    const auto directory = stack_.paths().published_ports_dir();
    std::filesystem::remove_all(directory);
    if (published_.empty()) return;
    std::filesystem::create_directories(directory);
    write_file_atomically(directory / "one", "");
  }

  std::mutex mutex_;
  std::uint32_t next_ = 40000;
  int publications_ = 0;
  std::vector<api::PublishedEntry> published_;
  testing::FakeService<api::PortsApi> net_;
};

TEST_F(WorkspacePorts, a_port_is_opened_listed_and_closed) {
  const std::string id = create_publishing();
  const std::uint32_t port = open(id);
  ASSERT_THAT(published(), SizeIs(1));
  EXPECT_EQ(published()[0].vm_id, machines_of(id).at(0));
  EXPECT_EQ(call(api::ListPorts{.workspace_id = id}).count, 1U);
  EXPECT_EQ(call(api::ClosePort{.workspace_id = id, .host_port = port}).count, 0U);
  EXPECT_THAT(published(), IsEmpty());
}

TEST_F(WorkspacePorts, a_policy_without_ports_publishes_none) {
  const std::string id = create();
  EXPECT_THAT(error_of([&] { open(id); }), Refused(reason::kNoNetwork));
  EXPECT_THAT(error_of([&] {
                call(api::StartService{.workspace_id = id,
                                       .service_name = "web",
                                       .command = "true",
                                       .published_ports = {{.guest_port = 80}}});
              }),
              Refused(reason::kNoNetwork));
  EXPECT_EQ(call(api::ListPorts{.workspace_id = id}).count, 0U);
  EXPECT_EQ(publications(), 0);
}

TEST_F(WorkspacePorts, a_stop_a_reset_and_a_delete_take_the_ports_along) {
  const std::string id = create_publishing();
  open(id);
  call(api::StopWorkspace{.workspace_id = id});
  EXPECT_THAT(published(), IsEmpty());
  EXPECT_THAT(error_of([&] { open(id); }), Refused(reason::kNotStarted));
  call(api::StartWorkspace{.workspace_id = id});
  open(id);
  call(api::ResetWorkspace{.workspace_id = id});
  EXPECT_THAT(published(), IsEmpty());
  open(id);
  call(api::DeleteWorkspace{.workspace_id = id});
  EXPECT_TRUE(test::soon([&] { return published().empty(); }));
}

TEST_F(WorkspacePorts, a_policy_that_publishes_no_more_closes_them) {
  const std::string id = create_publishing();
  open(id);
  call(api::UpdateNetwork{.workspace_id = id, .network_policy = NetworkPolicy::kEgress});
  EXPECT_THAT(published(), IsEmpty());
}

/// No agent is there: the start fails behind the publication.
TEST_F(WorkspacePorts, a_service_that_does_not_start_leaves_no_port) {
  const std::string id = create_publishing();
  EXPECT_TRUE(error_of([&] {
                call(api::StartService{.workspace_id = id,
                                       .service_name = "web",
                                       .command = "true",
                                       .published_ports = {{.guest_port = 80}}});
              }).has_value());
  EXPECT_EQ(publications(), 1);
  EXPECT_THAT(published(), IsEmpty());
}

TEST_F(WorkspacePorts, ports_of_a_killed_start_are_withdrawn) {
  const std::string id = create_publishing();
  points_.kill_at("workspace.ports.published");
  error_of([&] {
    call(api::StartService{.workspace_id = id,
                           .service_name = "web",
                           .command = "true",
                           .published_ports = {{.guest_port = 80}}});
  });
  EXPECT_THAT(published(), SizeIs(1));
  start_service();
  EXPECT_TRUE(test::soon([&] { return published().empty(); }));
}

}  // namespace
}  // namespace pyro::workspace
