#include "services/net/packages/package_cache.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <csignal>
#include <future>
#include <utility>

#include "common/base/error.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/network/package_choice.h"
#include "services/net/packages/nginx.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;
using Descriptor = asio::posix::stream_descriptor;

/// Between two looks whether the host's settings, or its name servers, are others now.
constexpr std::chrono::seconds kSettingsEvery{15};
constexpr int kBacklog = 512;
/// Stacks of one cache directory at a time.
constexpr int kMostSlots = 16;

UniqueFd listen_at(const fs::path& path) {
  make_private_directory(path.parent_path());
  std::error_code ignored;
  fs::remove(path, ignored);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof address.sun_path - 1);
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (!fd || bound != 0 || ::listen(fd.get(), kBacklog) != 0) {
    throw system_error(fmt::format("listen on '{}'", path.string()));
  }
  return fd;
}

struct Usage {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

Usage usage_of(const fs::path& content) {
  Usage usage;
  std::error_code failed;
  for (auto at = fs::directory_iterator(content, failed); !failed && at != fs::directory_iterator();
       at.increment(failed)) {
    struct stat info {};
    if (::lstat(at->path().c_str(), &info) != 0) continue;
    ++usage.files;
    usage.bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return usage;
}

}  // namespace

PackageCache::PackageCache(const Paths& paths, const Config& config)
    : paths_(paths), config_(config) {
  const fs::path all = paths.package_cache_dir();
  make_private_directory(all);
  // Two nginx in one directory would each believe it theirs alone.
  for (int slot = 0; slot < kMostSlots && !lock_; ++slot) {
    FileLock lock = FileLock::attempt(all / fmt::format("{}.lock", slot));
    if (!lock.held()) continue;
    lock_ = std::move(lock);
    directory_ = all / std::to_string(slot);
  }
  listener_.assign(listen_at(paths.package_cache_socket()).release());
  wait_for_need();
  // The kernel ends nginx with the thread that started it.
  thread_ = std::jthread([this] { loop_.run(); });
}

PackageCache::~PackageCache() {
  loop_.stop();
  thread_.join();
  nginx_.reset();
  std::error_code ignored;
  fs::remove(paths_.package_cache_socket(), ignored);
}

template <class Result>
Result PackageCache::on_loop(const std::function<Result()>& action) {
  std::packaged_task<Result()> task(action);
  auto done = task.get_future();
  asio::post(loop_, [&task] { task(); });
  return done.get();
}

NginxSettings PackageCache::settings() const {
  return {.socket = paths_.package_cache_socket(),
          .directory = directory_,
          .size_gib = config_.package_cache.size_gib,
          .keep_free_mib = config_.limits.keep_free_mib,
          .sites = find_sites(config_.package_cache, HostRegistries::read(HostSurroundings::own())),
          .names = NameServers::read()};
}

void PackageCache::wait_for_need() {
  listener_.async_wait(Descriptor::wait_read, [this](const std::error_code& failed) {
    if (!failed) start();
  });
}

void PackageCache::start() {
  try {
    const auto program = network::package_cache_program(config_.package_cache.nginx);
    if (!program) throw network::no_package_cache(config_.package_cache.nginx);
    if (!lock_) throw unavailable("too many stacks use this cache directory at once");
    running_with_ = settings();
    for (const Site& site : running_with_.sites) {
      if (!site.problem.empty()) log::warn("the package cache: {}", site.problem);
    }
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
    UniqueFd output(ends[0]);
    const UniqueFd theirs(ends[1]);
    nginx_.emplace(start_nginx(*program, running_with_, listener_.native_handle(), theirs.get()));
    running_config_ = nginx_config(running_with_);
    output_.assign(output.release());
    started();
  } catch (const std::exception& error) {
    last_words_ = error.what();
    log::error("the package cache does not start: {}", error.what());
    answer_those_who_wait(error.what());
    wait_for_need();
  }
}

void PackageCache::started() {
  log::info("the package cache is at work, nginx has pid {}", nginx_->pid());
  fault::point("net.packages.started");
  last_words_.clear();
  read_output();
  wait_for_end();
  follow_settings();
}

void PackageCache::wait_for_end() {
  end_.assign(::fcntl(nginx_->pidfd(), F_DUPFD_CLOEXEC, 3));
  end_.async_wait(Descriptor::wait_read, [this](const std::error_code& failed) {
    if (!failed) ended();
  });
}

/// One that was killed is started again for the next who needs it. One that ends by itself does so
/// before it takes a connection, and would each time.
void PackageCache::ended() {
  const auto status = nginx_->wait(Clock::now(), StopFd(std::stop_token()));
  end();
  if (status && !status->signalled) {
    const std::string why =
        fmt::format("nginx ended with status {}: {}", status->code, last_words_);
    last_words_ = why;
    log::error("the package cache: {}", why);
    answer_those_who_wait(why);
  } else {
    log::warn("the package cache's nginx was killed");
  }
  wait_for_need();
}

void PackageCache::end() {
  settings_due_.cancel();
  end_.close();
  if (nginx_) nginx_->kill();
  nginx_.reset();
  // What it said at its end.
  if (output_.is_open()) {
    output_.cancel();
    std::error_code failed;
    output_.non_blocking(true, failed);
    while (const std::size_t got = output_.read_some(asio::buffer(buffer_), failed)) {
      pending_.append(buffer_.data(), got);
    }
    output_.close();
  }
  for (const auto& line : split(std::exchange(pending_, {}), '\n')) {
    if (!trim(line).empty()) last_words_ = printable(line);
  }
}

void PackageCache::answer_those_who_wait(const std::string& why) {
  const std::string body = fmt::format("the package cache: {}\n", why);
  const std::string answer = fmt::format(
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      body.size(), body);
  while (true) {
    const UniqueFd one(
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!one) return;
    static_cast<void>(::send(one.get(), answer.data(), answer.size(), MSG_NOSIGNAL));
    ::shutdown(one.get(), SHUT_WR);
  }
}

void PackageCache::read_output() {
  output_.async_read_some(
      asio::buffer(buffer_), [this](const std::error_code& failed, std::size_t got) {
        if (failed) return;
        pending_.append(buffer_.data(), got);
        for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
          last_words_ = printable(pending_.substr(0, end));
          if (last_words_.find("[notice]") == std::string::npos)
            log::warn("nginx: {}", last_words_);
          pending_.erase(0, end + 1);
        }
        // A line has no such length.
        if (pending_.size() > buffer_.size()) pending_.clear();
        read_output();
      });
}

/// A laptop changes its network, a user his registry. nginx reads its file again without a break
/// unless it trusts another file, which it may not read yet.
void PackageCache::follow_settings() {
  settings_due_.expires_after(kSettingsEvery);
  settings_due_.async_wait([this](const std::error_code& failed) {
    if (failed || !nginx_) return;
    NginxSettings now = settings();
    const std::string config = nginx_config(now);
    if (config == running_config_) return follow_settings();
    log::info("the package cache takes the host's changed settings");
    const bool trusts_the_same = std::equal(
        now.sites.begin(), now.sites.end(), running_with_.sites.begin(), running_with_.sites.end(),
        [](const Site& a, const Site& b) { return a.trusted == b.trusted; });
    if (!trusts_the_same) {
      end();
      return wait_for_need();
    }
    try {
      // In place: nginx may read this file alone.
      const UniqueFd file = open_file(now.config_file(), O_WRONLY | O_TRUNC);
      write_all(file.get(), config);
      nginx_->signal(SIGHUP);
    } catch (const Error& error) {
      log::error("the package cache keeps its settings: {}", error.message());
      return follow_settings();
    }
    running_with_ = std::move(now);
    running_config_ = config;
    follow_settings();
  });
}

api::PackageCache PackageCache::handle(const api::DescribePackageCache&, bus::Call&) {
  return on_loop<api::PackageCache>([this] {
    const NginxSettings now = settings();
    const Usage usage = usage_of(now.content());
    api::PackageCache cache{
        .available = network::package_cache_program(config_.package_cache.nginx).has_value(),
        .running = nginx_.has_value(),
        .directory = directory_.string(),
        .files = usage.files,
        .bytes = usage.bytes,
        .most_bytes = std::uint64_t{now.size_gib} << 30U};
    if (!cache.available) {
      cache.message = network::no_package_cache(config_.package_cache.nginx).message();
    } else if (!last_words_.empty()) {
      cache.message = last_words_;
    }
    for (const Site& site : now.sites) {
      api::PackageCacheSite& told = cache.sites.emplace_back();
      told.name = site.name;
      if (!site.problem.empty()) told.problem = site.problem;
      for (const Route& route : site.routes) told.upstreams.push_back(route.upstream.text());
    }
    return cache;
  });
}

api::PrunedPackageCache PackageCache::handle(const api::PrunePackageCache&, bus::Call&) {
  return on_loop<api::PrunedPackageCache>([this] {
    // It would go on with what it knows of the files.
    if (nginx_) {
      end();
      wait_for_need();
    }
    api::PrunedPackageCache pruned;
    for (int slot = 0; slot < kMostSlots; ++slot) {
      const fs::path directory = paths_.package_cache_dir() / std::to_string(slot);
      std::error_code ignored;
      if (!fs::exists(directory, ignored)) continue;
      std::optional<FileLock> lock;
      if (directory != directory_) {
        lock = FileLock::attempt(directory.string() + ".lock");
        if (!lock->held()) continue;  // of another stack
      }
      const Usage usage = usage_of(directory / "content");
      pruned.files += usage.files;
      pruned.freed_bytes += usage.bytes;
      fault::point("net.packages.pruning");
      fs::remove_all(directory);
    }
    return pruned;
  });
}

}  // namespace pyro::net
