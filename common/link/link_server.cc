#include "common/link/link_server.h"

#include <array>
#include <asio/buffer.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/post.hpp>
#include <charconv>
#include <csignal>
#include <optional>

#include "common/link/bridge.h"

namespace pyro::link {
namespace {

using Unix = asio::local::stream_protocol;

/// `CONNECT 4294967295\n`
constexpr std::size_t kMaxLineBytes = 19;

std::optional<std::uint32_t> parse_connect(std::string_view line) {
  constexpr std::string_view kVerb = "CONNECT ";
  if (!line.starts_with(kVerb)) return std::nullopt;
  line.remove_prefix(kVerb.size());
  std::uint32_t port = 0;
  const auto [end, failed] = std::from_chars(line.data(), line.data() + line.size(), port);
  if (failed != std::errc() || end != line.data() + line.size()) return std::nullopt;
  return port;
}

}  // namespace

/// A connection until it is bridged: its line is being read, or it waits for the agent.
class LinkServer::Dial : public std::enable_shared_from_this<Dial> {
 public:
  Dial(LinkServer& server, Unix::socket socket) : server_(&server), socket_(std::move(socket)) {}

  void read_line() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [this, self = shared_from_this()](auto failed, std::size_t n) {
                              if (server_ == nullptr) return;
                              if (failed) return drop();
                              line_.append(buffer_.data(), n);
                              take_line();
                            });
  }

  void drop() {
    asio::error_code ignored;
    socket_.close(ignored);
    if (server_ != nullptr) std::exchange(server_, nullptr)->dials_.erase(shared_from_this());
  }

  /// The server goes: nothing refers to it any longer.
  void abandon() {
    server_ = nullptr;
    drop();
  }

  bool waiting() const { return port_.has_value(); }

  void bridge(Mux& mux) {
    // The caller keeps a copy: this goes with its place in the set.
    auto bridge = std::make_shared<Bridge>(Bridge::Socket(std::move(socket_)));
    const auto stream = mux.open(*port_, bridge);
    if (stream) bridge->start(stream, line_);
    std::exchange(server_, nullptr)->dials_.erase(shared_from_this());
  }

 private:
  void take_line() {
    const std::size_t end = line_.find('\n');
    if (end == std::string::npos) return line_.size() < kMaxLineBytes ? read_line() : drop();
    port_ = parse_connect(std::string_view(line_).substr(0, end));
    if (!port_) return drop();
    line_.erase(0, end + 1);  // what came behind it is the stream's first data
    server_->connect(shared_from_this());
  }

  LinkServer* server_;
  Unix::socket socket_;
  std::array<char, 4096> buffer_{};
  std::string line_;
  std::optional<std::uint32_t> port_;
};

LinkServer::LinkServer(asio::io_context& io, UniqueFd link, const std::filesystem::path& path,
                       std::function<void(std::string)> on_broken, std::function<void()> on_ready)
    : io_(io),
      on_broken_(std::move(on_broken)),
      on_ready_(std::move(on_ready)),
      listener_(io, path, [this](UniqueFd connection) { accept(std::move(connection)); }),
      mux_(io, std::move(link), MuxEnd::kHost,
           {.on_ready = [this] { this->on_ready(); },
            .on_open = {},
            .on_broken = [this](const std::string& reason) { this->on_broken(reason); }}) {
  std::signal(SIGPIPE, SIG_IGN);
  mux_.start();
}

LinkServer::~LinkServer() {
  for (const auto& dial : std::exchange(dials_, {})) dial->abandon();
}

void LinkServer::accept(UniqueFd connection) {
  if (dials_.size() >= kMaxStreams) return;
  const auto dial = std::make_shared<Dial>(*this, Unix::socket(io_, Unix(), connection.release()));
  dials_.insert(dial);
  dial->read_line();
}

void LinkServer::connect(const std::shared_ptr<Dial>& dial) {
  if (mux_.ready()) dial->bridge(mux_);
}

void LinkServer::on_broken(const std::string& reason) {
  listener_.close();
  while (!dials_.empty()) (*dials_.begin())->drop();
  // Posted, so that the owner may destroy us in it.
  asio::post(io_, [report = on_broken_, text = fmt::format("the link to the guest broke: {}",
                                                           reason)] { report(text); });
}

void LinkServer::on_ready() {
  // A dial whose line has not come yet connects by itself when it does.
  for (const auto& dial : std::set(dials_)) {
    if (dial->waiting()) dial->bridge(mux_);
  }
  if (on_ready_) on_ready_();
}

}  // namespace pyro::link
