#include "common/bus/server.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <zmq.hpp>

#include "common/api/error_body.h"
#include "common/base/error.h"
#include "common/base/reasons/stack.h"
#include "common/base/text.h"
#include "common/bus/poll.h"
#include "common/bus/starting.h"
#include "common/log/log.h"
#include "common/process/pidfd.h"

namespace pyro::bus {

struct Server::OpenCall {
  std::string peer;
  std::uint64_t id = 0;
  std::string method;
  std::string trace_id;
  Deadline deadline;
  std::stop_source stop;
  std::stop_source cancel;  ///< its caller asked for the end
  /// The first to set it answers: the thread that runs the handler, or the loop for a call that was
  /// cancelled while it waited for its turn.
  std::atomic_flag begun;
  std::optional<WorkPool::Ticket> ticket;
};

namespace {

/// Loses its lock only with its process: two daemons can bind one ipc path, and the second
/// would silently take it from the first.
FileLock lock_service(const Server::Options& options) {
  FileLock lock = FileLock::attempt(lock_file_of(options.socket));
  if (!lock.held()) {
    throw failed_precondition(reason::kAlreadyRunning, "service '{}' already runs on '{}'",
                              options.service, options.socket.string());
  }
  // The holder, for a supervisor that has to end a service that answers no more.
  if (::ftruncate(lock.fd(), 0) != 0) throw system_error("ftruncate");
  write_all(lock.fd(), std::to_string(::getpid()) + "\n");
  return lock;
}

/// How long an ending service waits for the callers that it has answered last: libzmq drops what a
/// socket with ZMQ_IMMEDIATE has received and not yet read when its peer closes.
constexpr std::chrono::milliseconds kLastWords{200};

/// Between two tries to make a vanished socket again.
constexpr std::chrono::milliseconds kRebindPause{1000};

/// No handler has finished the call, and another try may.
Error interrupted(const std::string& service) {
  return unavailable(reason::kInterrupted, "service '{}' was restarted during the call", service);
}

std::string encode(std::uint64_t id, Kind kind, std::string params) {
  return api::to_msgpack(Envelope{.kind = kind, .id = id, .params = {std::move(params)}});
}

std::string encode(std::uint64_t id, const Error& error) {
  return encode(id, Kind::kError, api::to_msgpack(api::error_body(error)));
}

/// A handler's error from another service is about that one: its caller must not take it for the
/// state of this service, which has answered.
Error as_handled(const Error& error) {
  const std::string_view reason = error.reason();
  if (reason == reason::kInterrupted) {
    return {error.code(), reason::kAnswerLost, error.message()};
  }
  if (reason == reason::kServiceAway || reason == reason::kServiceFailed) {
    return {error.code(), reason::kNeighbourAway, error.message()};
  }
  return error;
}

void arm(int timer, std::chrono::seconds interval) {
  itimerspec spec{};
  spec.it_value.tv_sec = spec.it_interval.tv_sec = interval.count();
  ::timerfd_settime(timer, 0, &spec, nullptr);
}

void drain(int fd) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = ::read(fd, &count, sizeof count);
}

}  // namespace

Server::Server(Context& context, Options options)
    : options_(std::move(options)),
      context_(context),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      pool_(std::make_unique<WorkPool>(options_.max_threads)) {
  router_ = std::make_unique<zmq::socket_t>(context.zmq(), zmq::socket_type::router);
  router_->set(zmq::sockopt::linger, 0);
  router_->set(zmq::sockopt::router_mandatory, 1);
  router_->set(zmq::sockopt::sndhwm, 0);
  router_->set(zmq::sockopt::maxmsgsize, std::int64_t{64} << 20U);
  bind();
  add<api::Quiesce>([](const api::Quiesce&, Call&) { return api::Nothing(); });
}

Server::~Server() = default;

void Server::bind() {
  // A lock file that vanished with the socket is another one now.
  if (!has_open(::getpid(), lock_file_of(options_.socket))) {
    context_.keep(lock_service(options_));
    if (serving_) note_serving(options_.socket);
  }
  try {
    router_->bind("ipc://" + options_.socket.string());
  } catch (const zmq::error_t& error) {
    throw unavailable("bind '{}': {}", options_.socket.string(), error.what());
  }
  ::chmod(options_.socket.c_str(), 0600);
  watch_.emplace(options_.socket);
}

bool Server::look_after_socket() {
  if (watch_ && !watch_->vanished()) return true;
  try {
    if (watch_) {
      log::warn("'{}' has vanished and is made again", options_.socket.string());
      watch_.reset();
      router_->unbind("ipc://" + options_.socket.string());
    }
    if (options_.make_directory) options_.make_directory();
    bind();
    return true;
  } catch (const zmq::error_t& error) {
    log::error("'{}' cannot be made again: {}", options_.socket.string(), error.what());
  } catch (const Error& error) {
    log::error("'{}' cannot be made again: {}", options_.socket.string(), error.message());
  }
  return false;
}

void Server::run(int stop_fd) {
  // Once told to stop it continues until the calls at work have cleaned up, and their callers have
  // had time to read the answers.
  std::optional<Deadline> end;
  std::chrono::milliseconds grace{0};
  bool bound = true;
  serving_ = true;
  note_serving(options_.socket);
  while (!end || Clock::now() < *end) {
    const bool watched = bound && watch_->fd() >= 0;
    std::array<zmq::pollitem_t, 5> items{{{router_->handle(), 0, ZMQ_POLLIN, 0},
                                          {nullptr, wake_.get(), ZMQ_POLLIN, 0},
                                          {nullptr, timer_.get(), ZMQ_POLLIN, 0},
                                          {nullptr, stop_fd, ZMQ_POLLIN, 0},
                                          {nullptr, watched ? watch_->fd() : -1, ZMQ_POLLIN, 0}}};
    const std::size_t count = stopping_ ? 3 : watched ? 5 : 4;
    const auto limit = end ? remaining(*end) + std::chrono::milliseconds(1) : kRebindPause;
    poll({items.data(), count}, end || !bound ? limit : std::chrono::milliseconds(-1));
    if (!stopping_ && (!bound || items[4].revents != 0)) bound = look_after_socket();
    if (items[1].revents != 0) {
      drain(wake_.get());
      send_posted();
    }
    if (items[0].revents != 0) receive();
    if (items[2].revents != 0) {
      drain(timer_.get());
      keep_alive();
    }
    if (!stopping_ && items[3].revents != 0) {
      stopping_ = true;
      if (!open_.empty()) grace = kLastWords;
      cancel_all();
    }
    if (stopping_ && open_.empty() && !end) end = Clock::now() + grace;
  }
}

void Server::receive() {
  // Bounded, so that a flood of requests does not keep answers from leaving.
  for (int i = 0; i < 64; ++i) {
    zmq::message_t peer;
    zmq::message_t body;
    if (!router_->recv(peer, zmq::recv_flags::dontwait)) return;
    // The frames of one message arrive together. A message of ours has two; more are ignored.
    for (bool more = peer.more(); more;) {
      zmq::message_t frame;
      static_cast<void>(router_->recv(frame, zmq::recv_flags::none));
      more = frame.more();
      if (body.empty()) body = std::move(frame);
    }
    Envelope envelope;
    try {
      envelope = api::from_msgpack<Envelope>(body.to_string_view(), api::UnknownFields::kIgnore);
    } catch (const Error& error) {
      log::warn("a message that is no envelope was dropped: {}", error.message());
      continue;
    }
    const std::string from = peer.to_string();
    const auto open = open_.find({from, envelope.id});
    switch (envelope.kind) {
      case Kind::kCall:
        begin(from, std::move(envelope));
        break;
      case Kind::kCancel:
        if (open == open_.end()) break;
        open->second->cancel.request_stop();
        cancel(open);
        break;
      case Kind::kKeepAlive:
        if (open == open_.end()) {
          // The caller waits for a call that a former process of this service had taken.
          send(from, encode(envelope.id, interrupted(options_.service)));
        }
        break;
      default:
        log::warn("a caller sent '{}', which only services send", api::name_of(envelope.kind));
    }
  }
}

void Server::answer_ping(const std::string& peer, const Envelope& envelope) {
  api::Pong pong;
  pong.service = options_.service;
  pong.version = PYRO_VERSION;
  pong.pid = static_cast<std::uint32_t>(::getpid());
  pong.open_calls = static_cast<std::uint32_t>(open_.size());
  pong.idle_ms = static_cast<std::uint64_t>(elapsed_since(last_call_).count());
  pong.holds = holds_ ? holds_() : 0;
  pong.running = running_ ? running_() : 0;
  pong.standby = standby_ ? standby_() : 0;
  send(peer, encode(envelope.id, Kind::kResult, api::to_msgpack(pong)));
}

void Server::begin(const std::string& peer, Envelope envelope) {
  if (envelope.method == api::Ping::kMethod.name) return answer_ping(peer, envelope);
  last_call_ = Clock::now();
  auto open = std::make_shared<OpenCall>();
  open->peer = peer;
  open->id = envelope.id;
  open->method = std::move(envelope.method);
  open->trace_id = std::move(envelope.trace_id);
  // Longer than any machine may live; it keeps an absurd value from overflowing the clock.
  constexpr std::uint64_t kLongest = std::uint64_t{30} * 24 * 3600 * 1000;
  open->deadline = last_call_ + std::chrono::milliseconds(std::min(envelope.deadline_ms, kLongest));
  try {
    if (stopping_) throw interrupted(options_.service);
    if (envelope.version != kVersion) {
      throw failed_precondition(
          reason::kVersionMismatch,
          "caller and service '{}' are of different versions: run `pyro stack down` once",
          options_.service);
    }
    Dispatcher::Run run = dispatcher_.find(open->method, envelope.params.data);
    if (!run) {
      throw invalid_argument("service '{}' has no operation '{}'", options_.service, open->method);
    }
    if (!open_.try_emplace({peer, open->id}, open).second) {
      throw invalid_argument("call {} is open already", open->id);
    }
    try {
      open->ticket = pool_->submit([this, open, run = std::move(run)] { execute(open, run); });
      if (!open->ticket) {
        throw resource_exhausted(reason::kBusy,
                                 "service '{}' is busy with too many calls: try again later",
                                 options_.service);
      }
    } catch (...) {
      open_.erase({peer, open->id});
      throw;
    }
  } catch (const Error& error) {
    send(peer, encode(open->id, error));
    return;
  }
  if (std::exchange(ticking_, true)) return;
  arm(timer_.get(), kKeepAliveInterval);
}

void Server::execute(const std::shared_ptr<OpenCall>& open, const Dispatcher::Run& run) {
  if (open->begun.test_and_set()) return;
  const log::Context context(open->trace_id, open->method);
  const auto tell = [this, &open](const api::Progress& progress) {
    post({open->peer, open->id, /*last=*/false,
          encode(open->id, Kind::kProgress, api::to_msgpack(progress))});
  };
  Call call({open->deadline, open->stop.get_token(), tell, open->trace_id},
            open->cancel.get_token());
  const auto failed = [&](const Error& error) {
    log::warn("{} failed: {}: {}", open->method, to_string(error.code()), error.message());
    // Cancelled by the end of this process, not by the caller: it may try again.
    const bool by_us = stopping_ && error.code() == ErrorCode::kCancelled;
    return encode(open->id, by_us ? interrupted(options_.service) : as_handled(error));
  };
  std::string answer;
  try {
    std::string reply = run(call);
    if (std::cmp_greater(reply.size(), kParamsLimit)) {
      throw internal_error("the reply of {} is too large for the bus", human_size(reply.size()));
    }
    answer = encode(open->id, Kind::kResult, std::move(reply));
  } catch (const Error& error) {
    answer = failed(error);
  } catch (const std::exception& error) {
    answer = failed(internal_error("{}", error.what()));
  }
  post({open->peer, open->id, /*last=*/true, std::move(answer)});
}

void Server::post(Outgoing outgoing) {
  bool was_empty = false;
  {
    const std::lock_guard lock(outbox_mutex_);
    was_empty = outbox_.empty();
    outbox_.push_back(std::move(outgoing));
  }
  if (was_empty) ::eventfd_write(wake_.get(), 1);
}

void Server::send_posted() {
  std::vector<Outgoing> posted;
  {
    const std::lock_guard lock(outbox_mutex_);
    posted.swap(outbox_);
  }
  for (const auto& outgoing : posted) {
    send(outgoing.peer, outgoing.bytes);
    if (!outgoing.last) continue;
    open_.erase({outgoing.peer, outgoing.id});
    last_call_ = Clock::now();
  }
}

bool Server::send(const std::string& peer, std::string_view bytes) {
  try {
    router_->send(zmq::buffer(peer), zmq::send_flags::sndmore);
    router_->send(zmq::buffer(bytes), zmq::send_flags::none);
    return true;
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH) return false;
    throw;
  }
}

void Server::cancel(OpenCalls::iterator call) {
  const auto open = call->second;
  open->stop.request_stop();
  // A call that still waits for its turn hears of it at once.
  if (open->begun.test_and_set()) return;
  pool_->drop(*open->ticket);
  send(open->peer, stopping_ ? encode(open->id, interrupted(options_.service))
                             : encode(open->id, cancelled("cancelled by the caller")));
  open_.erase(call);
}

void Server::cancel_all() {
  for (auto call = open_.begin(); call != open_.end();) cancel(call++);
}

void Server::keep_alive() {
  if (open_.empty()) {
    arm(timer_.get(), std::chrono::seconds(0));
    ticking_ = false;
    return;
  }
  const auto now = Clock::now();
  for (auto next = open_.begin(); next != open_.end();) {
    const auto call = next++;
    const auto& open = call->second;
    // A caller that has ended cannot be reached; one that is suspended can, and is waited for.
    const bool reached = send(open->peer, encode(open->id, Kind::kKeepAlive, {}));
    if (reached && now < open->deadline) continue;
    if (open->stop.stop_requested()) continue;
    log::warn("{}: {}", open->method,
              now >= open->deadline ? "its deadline passed" : "its caller vanished");
    cancel(call);
  }
}

}  // namespace pyro::bus
