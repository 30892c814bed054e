#include "common/bus/server.h"

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/log/log.h"

namespace pyro::bus {

struct Server::OpenCall {
  std::string peer;
  std::uint64_t id = 0;
  std::string method;
  std::string trace_id;
  Deadline deadline;
  std::stop_source stop;
  Clock::time_point last_seen = Clock::now();
};

namespace {

/// Loses its lock only with its process: two daemons can bind one ipc path, and the second
/// would silently take it from the first.
FileLock lock_service(const Server::Options& options) {
  std::filesystem::path path = options.socket;
  FileLock lock = FileLock::attempt(path.replace_extension(".lock"));
  if (!lock.held()) {
    throw failed_precondition("service '{}' already runs on '{}'", options.service,
                              options.socket.string());
  }
  // Who holds it, for a supervisor that has to end a service that answers no more.
  if (::ftruncate(lock.fd(), 0) != 0) throw system_error("ftruncate");
  write_all(lock.fd(), std::to_string(::getpid()) + "\n");
  return lock;
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

Server::Server(zmq::context_t& context, Options options)
    : options_(std::move(options)),
      lock_(lock_service(options_)),
      router_(context, zmq::socket_type::router),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      pool_(std::make_unique<WorkPool>(options_.max_threads)) {
  router_.set(zmq::sockopt::linger, 0);
  router_.set(zmq::sockopt::router_mandatory, 1);
  router_.set(zmq::sockopt::sndhwm, 0);
  router_.set(zmq::sockopt::maxmsgsize, std::int64_t{64} << 20U);
  try {
    router_.bind("ipc://" + options_.socket.string());
  } catch (const zmq::error_t& error) {
    throw unavailable("bind '{}': {}", options_.socket.string(), error.what());
  }
  ::chmod(options_.socket.c_str(), 0600);
}

Server::~Server() = default;

void Server::run(int stop_fd) {
  while (true) {
    zmq::pollitem_t items[] = {{router_.handle(), 0, ZMQ_POLLIN, 0},
                               {nullptr, wake_.get(), ZMQ_POLLIN, 0},
                               {nullptr, timer_.get(), ZMQ_POLLIN, 0},
                               {nullptr, stop_fd, ZMQ_POLLIN, 0}};
    zmq::poll(items, std::size(items), std::chrono::milliseconds(-1));
    if (items[1].revents != 0) {
      drain(wake_.get());
      send_posted();
    }
    if (items[0].revents != 0) receive();
    if (items[2].revents != 0) {
      drain(timer_.get());
      keep_alive();
    }
    if (items[3].revents != 0) break;
  }
  for (const auto& [key, open] : open_) open->stop.request_stop();
  pool_.reset();
  send_posted();
  // The last answers are still on their way in libzmq; a caller that is gone costs this at most.
  router_.set(zmq::sockopt::linger, 200);
}

void Server::receive() {
  // Bounded, so that a flood of requests does not keep answers from leaving.
  for (int i = 0; i < 64; ++i) {
    zmq::message_t peer;
    zmq::message_t body;
    if (!router_.recv(peer, zmq::recv_flags::dontwait)) return;
    // The frames of one message arrive together. A message of ours has two; more are ignored.
    for (bool more = peer.more(); more;) {
      zmq::message_t frame;
      static_cast<void>(router_.recv(frame, zmq::recv_flags::none));
      more = frame.more();
      if (body.size() == 0) body = std::move(frame);
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
        if (open != open_.end()) open->second->stop.request_stop();
        break;
      case Kind::kKeepAlive:
        if (open != open_.end()) {
          open->second->last_seen = Clock::now();
        } else {
          // The caller waits for a call that a former process of this service had taken.
          send_error(from, envelope.id,
                     unavailable("service '{}' was restarted during the call", options_.service));
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
  send({peer, {.kind = Kind::kResult, .id = envelope.id, .params = {api::to_msgpack(pong)}}});
}

void Server::begin(const std::string& peer, Envelope envelope) {
  if (envelope.method == api::Ping::kMethod.name) return answer_ping(peer, envelope);
  last_call_ = Clock::now();
  auto open = std::make_shared<OpenCall>();
  open->peer = peer;
  open->id = envelope.id;
  open->method = envelope.method;
  open->trace_id = envelope.trace_id;
  // A day is longer than any call; it keeps an absurd value from overflowing the clock.
  constexpr std::uint64_t kLongest = 24U * 3600U * 1000U;
  open->deadline =
      Clock::now() + std::chrono::milliseconds(std::min(envelope.deadline_ms, kLongest));
  try {
    if (envelope.version != kVersion) {
      throw failed_precondition(
          "caller and service '{}' are of different versions: run `pyro stack down` once",
          options_.service);
    }
    const auto handler = handlers_.find(envelope.method);
    if (handler == handlers_.end()) {
      throw invalid_argument("service '{}' has no operation '{}'", options_.service,
                             envelope.method);
    }
    Prepared prepared = handler->second(envelope.params);
    const std::string key = prepared.key;
    if (!pool_->submit(key,
                       [this, open, prepared = std::move(prepared)] { execute(open, prepared); })) {
      throw resource_exhausted("service '{}' is busy with too many calls: try again later",
                               options_.service);
    }
  } catch (const Error& error) {
    return send_error(peer, open->id, error);
  }
  if (open_.empty()) arm(timer_.get(), kKeepAliveInterval);
  open_[{peer, open->id}] = open;
}

void Server::execute(const std::shared_ptr<OpenCall>& open, const Prepared& prepared) {
  const log::Context context(open->trace_id, open->method);
  Outgoing answer{open->peer, {.id = open->id, .trace_id = open->trace_id}};
  Call call(open->trace_id, open->deadline, open->stop.get_token(),
            [this, &open](const api::Progress& progress) {
              post({open->peer,
                    {.kind = Kind::kProgress, .id = open->id, .params = {to_msgpack(progress)}}});
            });
  const auto fail = [&](const Error& error) {
    log::warn("{} failed: {}: {}", open->method, to_string(error.code()), error.message());
    answer.envelope.kind = Kind::kError;
    answer.envelope.params.data =
        api::to_msgpack(ErrorBody{std::string(to_string(error.code())), error.message(), {}});
  };
  try {
    if (call.stop().stop_requested()) throw cancelled("cancelled by the caller");
    answer.envelope.params.data = prepared.run(call);
    answer.envelope.kind = Kind::kResult;
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& error) {
    fail(internal_error("{}", error.what()));
  }
  post(std::move(answer));
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
    send(outgoing);
    if (outgoing.envelope.kind == Kind::kProgress) continue;
    open_.erase({outgoing.peer, outgoing.envelope.id});
    last_call_ = Clock::now();
  }
  if (open_.empty()) arm(timer_.get(), std::chrono::seconds(0));
}

bool Server::send(const Outgoing& outgoing) {
  try {
    router_.send(zmq::buffer(outgoing.peer), zmq::send_flags::sndmore);
    router_.send(zmq::buffer(api::to_msgpack(outgoing.envelope)), zmq::send_flags::none);
    return true;
  } catch (const zmq::error_t& error) {
    if (error.num() == EHOSTUNREACH) return false;
    throw;
  }
}

void Server::send_error(const std::string& peer, std::uint64_t id, const Error& error) {
  send({peer,
        {.kind = Kind::kError,
         .id = id,
         .params = {api::to_msgpack(
             ErrorBody{std::string(to_string(error.code())), error.message(), {}})}}});
}

void Server::keep_alive() {
  const auto now = Clock::now();
  for (const auto& [key, open] : open_) {
    const bool reached = send({open->peer, {.kind = Kind::kKeepAlive, .id = open->id}});
    if (reached && now - open->last_seen < kVanishedAfter && now < open->deadline) continue;
    if (open->stop.request_stop()) {
      log::warn("{}: {}", open->method,
                now >= open->deadline ? "its deadline passed" : "its caller vanished");
    }
  }
}

}  // namespace pyro::bus
