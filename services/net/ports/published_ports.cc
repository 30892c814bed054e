#include "services/net/ports/published_ports.h"

#include <algorithm>
#include <asio/post.hpp>
#include <future>
#include <utility>

#include "common/api/agent.h"
#include "common/api/agent_files.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/network.h"
#include "common/fault/fault.h"
#include "common/guest/machine_paths.h"
#include "common/log/log.h"
#include "common/stored_file/stored_file.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;

/// Between two looks whether a port is free again.
constexpr std::chrono::seconds kRetryPort{2};

/// Who reaches the agent is root in the guest.
void refuse_own_ports(const api::PublishPorts& request) {
  for (const auto& port : request.ports) {
    if (port.guest_port == api::agent::kPort || port.guest_port == api::agent::kFilesPort) {
      throw invalid_argument(reason::kPortRefused,
                             "port {} of the guest is pyro's own and is not published",
                             port.guest_port);
    }
  }
}

}  // namespace

PublishedPorts::PublishedPorts(const Paths& paths)
    : paths_(paths), directory_(paths.published_ports_dir()) {
  make_private_directory(directory_);
  for (const auto& entry : fs::directory_iterator(directory_)) {
    if (entry.path().extension() != ".json") continue;
    if (auto record = read_record<PortRecord>(entry.path())) {
      waiting_.push_back(std::move(*record));
    } else {
      log::warn("'{}' is no record of a port and is removed", entry.path().string());
      fs::remove(entry.path());
    }
  }
  listen_again();
  thread_ = std::jthread([this] { loop_.run(); });
}

PublishedPorts::~PublishedPorts() {
  loop_.stop();
  thread_.join();
  listeners_.clear();
}

fs::path PublishedPorts::file_of(std::uint32_t host_port) const {
  return directory_ / (row_of(host_port) + ".json");
}

std::unique_ptr<PortListener> PublishedPorts::listener(const PortRecord& record) {
  auto& count = counts_[record.workspace_id];
  if (!count) count = std::make_shared<ConnectionCount>();
  return std::make_unique<PortListener>(loop_, record,
                                        MachinePaths(paths_, record.vm_id).link_socket, count);
}

/// Those of a service that was killed. Another program may have come between.
void PublishedPorts::listen_again() {
  std::vector<PortRecord> left;
  for (const auto& record : std::exchange(waiting_, {})) {
    try {
      auto there = listener(record);
      there->start();
      listeners_[record.host_port] = std::move(there);
      log::info("port {} leads to workspace {} again", record.host_port, record.workspace_id);
    } catch (const Error& error) {
      log::warn("port {} of workspace {}: {}", record.host_port, record.workspace_id,
                error.message());
      left.push_back(record);
    }
  }
  waiting_ = std::move(left);
  if (waiting_.empty()) return;
  retry_.expires_after(kRetryPort);
  retry_.async_wait([this](const std::error_code& failed) {
    if (!failed) listen_again();
  });
}

api::PublishedEntries PublishedPorts::on_loop(
    const std::function<api::PublishedEntries()>& action) {
  std::packaged_task<api::PublishedEntries()> task(action);
  auto done = task.get_future();
  asio::post(loop_, [&task] { task(); });
  return done.get();
}

api::PublishedEntries PublishedPorts::publish(const api::PublishPorts& request) {
  Listeners made;
  for (const auto& wanted : request.ports) {
    PortRecord record;
    record.guest_port = wanted.guest_port;
    record.host_port = wanted.host_port.value_or(0);
    record.workspace_id = request.workspace_id;
    record.vm_id = request.vm_id;
    record.service_name = request.service_name;
    auto one = listener(record);
    made[one->record().host_port] = std::move(one);
  }
  // They listen and accept nothing yet: a kill before the records leaves nothing.
  api::PublishedEntries entries;
  Cleanup take_back([&] {
    std::error_code ignored;
    for (const auto& entry : entries.ports) fs::remove(file_of(entry.host_port), ignored);
  });
  for (const auto& [port, one] : made) {
    write_record(file_of(port), one->record());
    entries.ports.push_back(one->record());
    fault::point("net.publish.recorded");
  }
  take_back.dismiss();
  for (auto& [port, one] : made) {
    one->start();
    listeners_[port] = std::move(one);
  }
  return entries;
}

api::PublishedEntries PublishedPorts::withdraw(const api::WithdrawPorts& request) {
  const auto matches = [&request](const PortRecord& record) {
    return record.workspace_id == request.workspace_id &&
           (!request.service_name || record.service_name == request.service_name) &&
           (!request.host_port || record.host_port == *request.host_port);
  };
  api::PublishedEntries gone;
  for (auto it = listeners_.begin(); it != listeners_.end();) {
    if (!matches(it->second->record())) {
      ++it;
      continue;
    }
    gone.ports.push_back(it->second->record());
    it = listeners_.erase(it);
  }
  for (const auto& record : waiting_) {
    if (matches(record)) gone.ports.push_back(record);
  }
  std::erase_if(waiting_, matches);
  for (const auto& record : gone.ports) fs::remove(file_of(record.host_port));
  const bool any_left = std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& one) {
    return one.second->record().workspace_id == request.workspace_id;
  });
  if (!any_left) counts_.erase(request.workspace_id);
  return gone;
}

api::PublishedEntries PublishedPorts::handle(const api::PublishPorts& request, bus::Call&) {
  refuse_own_ports(request);
  return on_loop([&] { return publish(request); });
}

api::PublishedEntries PublishedPorts::handle(const api::WithdrawPorts& request, bus::Call&) {
  return on_loop([&] { return withdraw(request); });
}

api::PublishedEntries PublishedPorts::handle(const api::ListPublished& request, bus::Call&) {
  return on_loop([&] {
    api::PublishedEntries entries;
    const auto add = [&](const PortRecord& record) {
      if (request.workspace_id.empty() || record.workspace_id == request.workspace_id) {
        entries.ports.push_back(record);
      }
    };
    for (const auto& [port, one] : listeners_) add(one->record());
    for (const auto& record : waiting_) add(record);
    return entries;
  });
}

}  // namespace pyro::net
