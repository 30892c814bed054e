#include "services/vm/shim/qmp.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/base/files.h"
#include "services/vm/drivers/link_fd.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::vm::qemu {
namespace {

using Json = nlohmann::json;
using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kGreeting = R"({"QMP": {"version": {"qemu": {"major": 7}}}})"
                                  "\r\n";
constexpr const char* kDone = R"({"return": {}})"
                              "\r\n";

std::string event(const std::string& name, const Json& data = Json::object()) {
  return Json{{"event", name}, {"data", data}, {"timestamp", {{"seconds", 1}}}}.dump() + "\r\n";
}
std::string migration(const std::string& status) {
  return event("MIGRATION", {{"status", status}});
}
std::string refusal(const Json& error) { return Json{{"error", error}}.dump() + "\r\n"; }

/// What a VMM says to a command, and what then.
struct Reply {
  enum class Then { kListen, kEnd, kRepeat };
  std::string text;
  Then then = Then::kListen;
};

/// The VMM's end of a monitor, on a thread: agrees to all that it has no other reply for.
class FakeVmm {
 public:
  struct Script {
    Reply greeting{kGreeting};
    std::map<std::string, Reply> replies{};
    std::function<void(const std::string& command)> on_heard{};
    std::string state{};  ///< what a migration writes to the descriptor that was passed
  };

  explicit FakeVmm(Script script) : script_(std::move(script)) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw system_error("socketpair");
    }
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
    thread_ = std::thread([this] { serve(); });
  }
  FakeVmm(const FakeVmm&) = delete;
  FakeVmm& operator=(const FakeVmm&) = delete;
  ~FakeVmm() { end(); }

  /// The monitor's end, once.
  UniqueFd connect() { return std::move(theirs_); }

  /// Ends the VMM; returns what it heard, a command each.
  const std::vector<Json>& end() {
    ::shutdown(ours_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    return heard_;
  }
  std::vector<std::string> commands() {
    std::vector<std::string> names;
    for (const Json& command : end()) names.push_back(command.value("execute", "?"));
    return names;
  }
  Json arguments_of(const std::string& name) {
    for (const Json& command : end()) {
      if (command.value("execute", "") == name) return command.value("arguments", Json());
    }
    return {};
  }

 private:
  void serve() {
    if (!say(script_.greeting)) return;
    while (const auto line = hear()) {
      heard_.push_back(Json::parse(*line, nullptr, false));
      const std::string command = heard_.back().value("execute", "?");
      if (script_.on_heard) script_.on_heard(command);
      if (command == "migrate" && passed_) write_all(passed_.get(), script_.state);
      const auto reply = script_.replies.find(command);
      if (!say(reply == script_.replies.end() ? Reply{kDone} : reply->second)) return;
    }
  }
  /// False when nothing more is to be said.
  bool say(const Reply& reply) {
    bool sent = send(reply.text);
    while (sent && reply.then == Reply::Then::kRepeat) sent = send(reply.text);
    if (reply.then == Reply::Then::kEnd) ::shutdown(ours_.get(), SHUT_RDWR);
    return sent && reply.then == Reply::Then::kListen;
  }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(ours_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// A line without its end; keeps a descriptor that comes with it.
  std::optional<std::string> hear() {
    std::size_t end = 0;
    while ((end = input_.find('\n')) == std::string::npos) {
      std::array<char, 4096> buffer{};
      alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
      iovec data{.iov_base = buffer.data(), .iov_len = buffer.size()};
      msghdr header{};
      header.msg_iov = &data;
      header.msg_iovlen = 1;
      header.msg_control = control.data();
      header.msg_controllen = control.size();
      const ssize_t got = ::recvmsg(ours_.get(), &header, MSG_CMSG_CLOEXEC);
      if (got <= 0) return std::nullopt;
      if (const cmsghdr* rights = CMSG_FIRSTHDR(&header)) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
        passed_.reset(fd);
      }
      input_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    return line;
  }

  Script script_;
  UniqueFd ours_;
  UniqueFd theirs_;
  UniqueFd passed_;
  std::string input_;
  std::vector<Json> heard_;
  std::thread thread_;
};

Work later() { return {.deadline = Clock::now() + std::chrono::seconds(30)}; }
Work at_once() { return {.deadline = Clock::now() + std::chrono::milliseconds(30)}; }

class QmpTest : public ::testing::Test {
 protected:
  /// What `query-status` of a VMM with that script ends with.
  static std::optional<Error> asked_of(FakeVmm::Script script, const Work& work = later()) {
    FakeVmm vmm(std::move(script));
    Qmp qmp(vmm.connect());
    return error_of([&] { qmp.execute("query-status", Json::object(), work); });
  }
  static std::optional<Error> answered(const std::string& text) {
    return asked_of({.replies = {{"query-status", {text}}}});
  }

  pyro::testing::TestDirectory directory_;
};

TEST_F(QmpTest, greets_once_and_then_runs_commands) {
  FakeVmm vmm({.replies = {{"query-status", {"{\"return\": {\"status\": \"paused\"}}\r\n"}}}});
  Qmp qmp(vmm.connect());
  EXPECT_EQ(qmp.execute("query-status", {{"a", 1}}, later()), (Json{{"status", "paused"}}));
  qmp.pause(later());
  qmp.resume(later());
  EXPECT_THAT(vmm.commands(), ElementsAre("qmp_capabilities", "query-status", "stop", "cont"));
  EXPECT_EQ(vmm.arguments_of("query-status"), (Json{{"a", 1}}));
}

TEST_F(QmpTest, passes_over_the_events_before_an_answer) {
  FakeVmm vmm({.replies = {{"qmp_capabilities", {event("POWERDOWN") + kDone}},
                           {"query-status",
                            {event("STOP") + event("RTC_CHANGE", {{"offset", 1}}) +
                             "{\"return\": {\"status\": \"paused\"}}\r\n" + event("RESUME")}}}});
  Qmp qmp(vmm.connect());
  const auto answer = qmp.execute("query-status", Json::object(), later());
  EXPECT_EQ(answer, (Json{{"status", "paused"}}));
  EXPECT_EQ(error_of([&] { qmp.pause(later()); }), std::nullopt);
}

/// Saves to `file` with a VMM that says that to `migrate`.
class SaveTest : public QmpTest {
 protected:
  std::optional<Error> save(const std::string& reply) {
    FakeVmm vmm({.replies = {{"migrate", {reply}}}, .state = "QEVM and devices"});
    Qmp qmp(vmm.connect());
    auto error = error_of([&] { qmp.save(file_, later()); });
    commands_ = vmm.commands();
    capabilities_ = vmm.arguments_of("migrate-set-capabilities");
    getfd_ = vmm.arguments_of("getfd");
    migrate_ = vmm.arguments_of("migrate");
    return error;
  }

  std::filesystem::path file_ = directory_ / "state";
  std::vector<std::string> commands_;
  Json capabilities_;
  Json getfd_;
  Json migrate_;
};

TEST_F(SaveTest, writes_the_state_through_a_descriptor_that_is_passed) {
  EXPECT_EQ(save(kDone + migration("setup") + migration("active") + migration("completed")),
            std::nullopt);
  EXPECT_EQ(read_file(file_), "QEVM and devices");
  EXPECT_THAT(commands_, ElementsAre("qmp_capabilities", "migrate-set-capabilities", "stop",
                                     "getfd", "migrate"));
  EXPECT_EQ(migrate_["uri"], "fd:" + getfd_["fdname"].get<std::string>());
}

TEST_F(SaveTest, leaves_the_shared_memory_out) {
  save(kDone + migration("completed"));
  EXPECT_THAT(capabilities_["capabilities"].dump(), HasSubstr("x-ignore-shared"));
}

TEST_F(SaveTest, takes_answer_and_events_in_any_order) {
  EXPECT_EQ(save(migration("active") + kDone + event("STOP") + migration("completed")),
            std::nullopt);
  std::filesystem::remove(file_);
  EXPECT_EQ(save(migration("active") + migration("completed") + kDone), std::nullopt);
}

TEST_F(SaveTest, is_unavailable_when_the_migration_fails_or_is_refused) {
  EXPECT_THAT(save(kDone + migration("active") + migration("failed")),
              Refused(ErrorCode::kUnavailable, "the VMM could not save the guest: failed"));
  std::filesystem::remove(file_);
  EXPECT_THAT(save(kDone + migration("cancelled")),
              Refused(ErrorCode::kUnavailable, "the VMM could not save the guest: cancelled"));
  std::filesystem::remove(file_);
  EXPECT_THAT(save(refusal({{"class", "GenericError"}, {"desc", "no\x1b[31m disk"}})),
              Refused(ErrorCode::kUnavailable, "the VMM could not save the guest: no[31m disk"));
}

TEST_F(SaveTest, writes_over_no_file) {
  write_file_atomically(file_, "precious");
  EXPECT_THAT(save(kDone + migration("completed")), Refused(ErrorCode::kAlreadyExists));
  EXPECT_EQ(read_file(file_), "precious");
}

class LoadTest : public QmpTest {
 protected:
  std::optional<Error> load(const std::string& incoming, const std::string& cont = kDone) {
    FakeVmm vmm({.replies = {{"migrate-incoming", {incoming}}, {"cont", {cont}}}});
    Qmp qmp(vmm.connect());
    auto error = error_of([&] { qmp.load(later()); });
    commands_ = vmm.commands();
    incoming_ = vmm.arguments_of("migrate-incoming");
    return error;
  }

  std::vector<std::string> commands_;
  Json incoming_;
};

TEST_F(LoadTest, restores_from_the_inherited_descriptor_and_lets_the_guest_go_on) {
  EXPECT_EQ(load(migration("setup") + kDone + migration("active") + migration("completed")),
            std::nullopt);
  EXPECT_THAT(commands_, ElementsAre("qmp_capabilities", "migrate-set-capabilities",
                                     "migrate-incoming", "cont"));
  EXPECT_EQ(incoming_["uri"], "fd:" + std::to_string(kStateFd));
}

TEST_F(LoadTest, does_not_let_a_guest_go_on_that_was_not_restored) {
  EXPECT_THAT(load(kDone + migration("failed")),
              Refused(ErrorCode::kUnavailable, "the VMM could not restore the guest: failed"));
  EXPECT_THAT(commands_, Not(::testing::Contains("cont")));
}

TEST_F(LoadTest, does_not_take_a_late_answer_for_the_next_commands) {
  EXPECT_THAT(load(migration("completed") + kDone, refusal({{"desc", "no"}})),
              Refused(ErrorCode::kUnavailable, "the VMM refused 'cont': no"));
  EXPECT_EQ(load(migration("completed") + kDone), std::nullopt);
}

TEST_F(QmpTest, joins_a_tap_to_the_hub_of_the_guests_card) {
  FakeVmm vmm({});
  const UniqueFd tap = open_file("/dev/null", O_RDWR);
  {
    Qmp qmp(vmm.connect());
    qmp.set_carrier(Qmp::Carrier::kOff, later());
    qmp.attach_tap(tap.get(), later());
    qmp.set_carrier(Qmp::Carrier::kOn, later());
  }
  EXPECT_THAT(vmm.commands(), ElementsAre("qmp_capabilities", "set_link", "getfd", "netdev_add",
                                          "netdev_add", "set_link"));
  EXPECT_EQ(vmm.end()[1]["arguments"], (Json{{"name", "net"}, {"up", false}}));
  EXPECT_EQ(vmm.end()[3]["arguments"], (Json{{"type", "tap"}, {"id", "up"}, {"fd", "up"}}));
  EXPECT_EQ(vmm.end()[4]["arguments"],
            (Json{{"type", "hubport"}, {"id", "uplink"}, {"hubid", 0}, {"netdev", "up"}}));
}

TEST_F(QmpTest, takes_away_what_is_attached_and_does_not_mind_that_nothing_is) {
  FakeVmm vmm({.replies = {{"netdev_del", {refusal({{"desc", "Device 'up' not found"}})}}}});
  Qmp(vmm.connect()).detach_tap(later());
  EXPECT_THAT(vmm.commands(), ElementsAre("qmp_capabilities", "netdev_del", "netdev_del"));
  FakeVmm busy({.replies = {{"netdev_del", {refusal({{"desc", "it is in use"}})}}}});
  EXPECT_THAT(error_of([&] { Qmp(busy.connect()).detach_tap(later()); }),
              Refused(ErrorCode::kUnavailable, HasSubstr("it is in use")));
}

TEST_F(QmpTest, tells_a_refusal_in_the_vmms_words_without_their_control_characters) {
  EXPECT_THAT(answered(refusal({{"class", "GenericError"}, {"desc", "not\x1b[2J\x07 now"}})),
              Refused(ErrorCode::kUnavailable, "the VMM refused 'query-status': not[2J now"));
}

TEST_F(QmpTest, takes_a_refusal_without_words) {
  for (const Json& error : {Json{{"class", "x"}}, Json{{"desc", 7}}, Json("text"), Json()}) {
    EXPECT_THAT(answered(refusal(error)),
                Refused(ErrorCode::kUnavailable, "the VMM refused 'query-status': "));
  }
}

TEST_F(QmpTest, is_unavailable_when_the_vmm_speaks_no_qmp) {
  const auto no_qmp = Refused(ErrorCode::kUnavailable, HasSubstr("no QMP"));
  for (const char* line : {"hello\n", "\n", "[1, 2]\n", "7\n", "null\n", "{\"return\": \n",
                           "{\"return\": \"\xff\"}\n", "{}\n", "{\"reply\": {}}\n"}) {
    EXPECT_THAT(answered(line), no_qmp) << line;
  }
  EXPECT_THAT(asked_of({.greeting = {kDone}}), no_qmp) << "no greeting";
  EXPECT_THAT(asked_of({.greeting = {"[]\n"}}), no_qmp);
}

TEST_F(QmpTest, bounds_the_length_of_a_line) {
  EXPECT_THAT(answered(std::string((1U << 20U) + 100'000, 'x')),
              Refused(ErrorCode::kUnavailable, HasSubstr("no QMP")));
}

TEST_F(QmpTest, takes_a_line_that_is_nested_as_deep_as_it_is_long) {
  std::string deep;
  for (int i = 0; i < 150'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(answered(deep + "\n"), Refused(ErrorCode::kUnavailable, HasSubstr("no QMP")));
  std::string closed = "{\"return\": " + std::string(400'000, '[') + std::string(400'000, ']');
  EXPECT_EQ(answered(closed + "}\n"), std::nullopt);
}

TEST_F(QmpTest, is_unavailable_when_the_vmm_ends) {
  const auto ended = Refused(ErrorCode::kUnavailable, "the VMM ended");
  EXPECT_THAT(asked_of({.greeting = {"", Reply::Then::kEnd}}), ended);
  EXPECT_THAT(asked_of({.replies = {{"query-status", {"", Reply::Then::kEnd}}}}), ended);
  EXPECT_THAT(asked_of({.replies = {{"query-status", {"{\"retu", Reply::Then::kEnd}}}}), ended)
      << "in the middle of a line";
}

TEST_F(QmpTest, is_unavailable_when_the_vmm_ended_before_the_command) {
  FakeVmm vmm({});
  Qmp qmp(vmm.connect());
  qmp.pause(later());
  vmm.end();
  EXPECT_THAT(error_of([&] { qmp.resume(later()); }), Refused(ErrorCode::kUnavailable));
}

TEST_F(QmpTest, waits_for_a_silent_vmm_until_the_deadline) {
  EXPECT_THAT(asked_of({.greeting = {""}}, at_once()), Refused(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(asked_of({.replies = {{"query-status", {""}}}}, at_once()),
              Refused(ErrorCode::kDeadlineExceeded));
}

TEST_F(QmpTest, does_not_listen_past_the_deadline_to_a_vmm_that_never_stops_talking) {
  std::string events;
  for (int i = 0; i < 1000; ++i) events += event("STOP") + event("RESUME");
  const Reply flood{events, Reply::Then::kRepeat};
  EXPECT_THAT(asked_of({.replies = {{"query-status", flood}}}, at_once()),
              Refused(ErrorCode::kDeadlineExceeded));
}

TEST_F(QmpTest, ends_when_the_caller_wants_it_no_more) {
  std::stop_source stop;
  FakeVmm vmm({.replies = {{"query-status", {""}}}, .on_heard = [&stop](const auto& command) {
                 if (command == "query-status") stop.request_stop();
               }});
  Qmp qmp(vmm.connect());
  const Work work = later().stopped_by(stop.get_token());
  EXPECT_THAT(error_of([&] { qmp.execute("query-status", Json::object(), work); }),
              Refused(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace pyro::vm::qemu
