#include "services/vm/shim/qmp.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/process/wait.h"
#include "services/vm/drivers/link_fd.h"

namespace pyro::vm::qemu {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestLine = 1U << 20U;
constexpr int kNoFd = -1;
/// On the command line; and the two that a network adds.
constexpr const char* kNetName = "net";
constexpr const char* kTapName = "up";
constexpr const char* kPortName = "uplink";

Error malformed() { return unavailable("the VMM's monitor said something that is no QMP"); }

/// The string at `key`, or "" when there is none.
std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  constexpr std::size_t kLongest = 1000;
  return found != object.end() && found->is_string()
             ? found->get_ref<const std::string&>().substr(0, kLongest)
             : "";
}

}  // namespace

void Qmp::send(const Json& message, int fd, const Work& work) {
  const std::string line = message.dump() + "\n";
  iovec data{.iov_base = const_cast<char*>(line.data()), .iov_len = line.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (fd != kNoFd) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  if (!wait_for(socket_.get(), POLLOUT, work.deadline, StopFd(work.stop))) {
    throw deadline_exceeded("the VMM's monitor takes no command");
  }
  // A command is far shorter than the socket's buffer, which is empty between commands.
  const ssize_t sent = ::sendmsg(socket_.get(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent != static_cast<ssize_t>(line.size())) {
    throw unavailable("the VMM's monitor is gone");
  }
}

Json Qmp::receive(const Work& work) {
  const auto too_late = [] {
    return deadline_exceeded("the VMM's monitor did not answer in time");
  };
  const StopFd stop(work.stop);
  std::size_t end = 0;
  while (true) {
    // wait_for looks at the clock only when there is nothing to read: a VMM that always has one
    // more event would keep its listener for ever.
    if (Clock::now() >= work.deadline) throw too_late();
    if ((end = input_.find('\n')) != std::string::npos) break;
    if (input_.size() > kLongestLine) throw malformed();
    if (!wait_for(socket_.get(), POLLIN, work.deadline, stop)) throw too_late();
    std::array<char, 16384> buffer{};
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) throw unavailable("the VMM ended");
    input_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  Json message = Json::parse(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(end),
                             nullptr, /*allow_exceptions=*/false);
  input_.erase(0, end + 1);
  if (!message.is_object()) throw malformed();
  return message;
}

void Qmp::greet(const Work& work) {
  if (greeted_) return;
  if (!receive(work).contains("QMP")) throw malformed();
  send({{"execute", "qmp_capabilities"}}, kNoFd, work);
  answer_to("qmp_capabilities", work);
  greeted_ = true;
}

Qmp::Outcome Qmp::outcome_of(const Work& work) {
  while (true) {
    Json message = receive(work);
    if (const auto error = message.find("error"); error != message.end()) {
      return {.answer = {},
              .refusal = printable(error->is_object() ? text_at(*error, "desc") : "")};
    }
    if (message.contains("return")) return {.answer = std::move(message["return"]), .refusal = {}};
    if (!message.contains("event")) throw malformed();
  }
}

Json Qmp::answer_to(std::string_view command, const Work& work) {
  Outcome outcome = outcome_of(work);
  if (outcome.refusal) throw unavailable("the VMM refused '{}': {}", command, *outcome.refusal);
  return std::move(outcome.answer);
}

Json Qmp::execute(std::string_view command, const Json& arguments, const Work& work) {
  greet(work);
  send({{"execute", command}, {"arguments", arguments}}, kNoFd, work);
  return answer_to(command, work);
}

void Qmp::pass_descriptor(int fd, std::string_view name, const Work& work) {
  greet(work);
  send({{"execute", "getfd"}, {"arguments", {{"fdname", name}}}}, fd, work);
  answer_to("getfd", work);
}

std::optional<std::string> Qmp::wait_migration_end(const Work& work) {
  // The answer and the events come in no fixed order. Both are waited for: a late answer would be
  // taken for the next command's.
  bool answered = false;
  bool completed = false;
  while (!answered || !completed) {
    const Json message = receive(work);
    if (const auto error = message.find("error"); error != message.end()) {
      return error->is_object() ? printable(text_at(*error, "desc")) : "refused";
    }
    if (message.contains("return")) answered = true;
    const auto data = message.find("data");
    if (text_at(message, "event") != "MIGRATION" || data == message.end() || !data->is_object()) {
      continue;
    }
    const std::string status = text_at(*data, "status");
    if (status == "failed" || status == "cancelled") return status;
    if (status == "completed") completed = true;
  }
  return std::nullopt;
}

/// Both sides of a template leave the memory that is shared through its file out of the state.
void Qmp::set_capabilities(const Work& work) {
  Json capabilities = Json::array();
  for (const char* name : {"x-ignore-shared", "events"}) {
    capabilities.push_back({{"capability", name}, {"state", true}});
  }
  execute("migrate-set-capabilities", {{"capabilities", capabilities}}, work);
}

void Qmp::save(const std::filesystem::path& file, const Work& work) {
  set_capabilities(work);
  execute("stop", Json::object(), work);
  {
    const UniqueFd state = open_file(file, O_WRONLY | O_CREAT | O_EXCL);
    pass_descriptor(state.get(), "state", work);
  }
  send({{"execute", "migrate"}, {"arguments", {{"uri", "fd:state"}}}}, kNoFd, work);
  if (const auto why = wait_migration_end(work)) {
    throw unavailable("the VMM could not save the guest: {}", *why);
  }
}

void Qmp::load(const Work& work) {
  set_capabilities(work);
  send({{"execute", "migrate-incoming"}, {"arguments", {{"uri", fmt::format("fd:{}", kStateFd)}}}},
       kNoFd, work);
  if (const auto why = wait_migration_end(work)) {
    throw unavailable("the VMM could not restore the guest: {}", *why);
  }
  // It was saved with its processors stopped, and comes back so.
  resume(work);
}

void Qmp::set_carrier(Carrier carrier, const Work& work) {
  execute("set_link", {{"name", kNetName}, {"up", carrier == Carrier::kOn}}, work);
}

void Qmp::attach_tap(int tap, const Work& work) {
  pass_descriptor(tap, kTapName, work);
  execute("netdev_add", {{"type", "tap"}, {"id", kTapName}, {"fd", kTapName}}, work);
  execute("netdev_add",
          {{"type", "hubport"}, {"id", kPortName}, {"hubid", 0}, {"netdev", kTapName}}, work);
}

void Qmp::detach_tap(const Work& work) {
  for (const char* name : {kPortName, kTapName}) {
    greet(work);
    send({{"execute", "netdev_del"}, {"arguments", {{"id", name}}}}, kNoFd, work);
    const auto refusal = outcome_of(work).refusal;
    // One that is not there: QEMU 7.2 says so, and has no other word for it.
    if (refusal && refusal->find("not found") == std::string::npos) {
      throw unavailable("the VMM refused 'netdev_del': {}", *refusal);
    }
  }
}

void Qmp::pause(const Work& work) { execute("stop", Json::object(), work); }

void Qmp::resume(const Work& work) { execute("cont", Json::object(), work); }

}  // namespace pyro::vm::qemu
