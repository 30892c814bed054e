#include "tests/bench/far_host.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "services/net/gate/rules/address.h"

namespace pyro::bench {
namespace {

void serve_one(int fd) {
  const UniqueFd owned(fd);
  std::vector<char> block(256U << 10U);
  char what = 0;
  if (::recv(fd, &what, 1, 0) != 1) return;
  if (what == 'S') {
    while (::send(fd, block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
  } else if (what == 'K') {
    while (::recv(fd, block.data(), block.size(), MSG_TRUNC) > 0) {
    }
  } else {
    ::send(fd, "p", 1, MSG_NOSIGNAL);
  }
}

UniqueFd listen_at(const char* address) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage to{};
  const socklen_t size = gate::Endpoint{*gate::Address::parse(address), FarHost::kPort}.put(to);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0 ||
      ::listen(fd.get(), 1024) != 0) {
    throw system_error("bind");
  }
  return fd;
}

}  // namespace

void measure_apart(const Adder& add, const std::function<void(const Adder&)>& measure) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("pipe2");
  const UniqueFd from(ends[0]);
  UniqueFd to(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw system_error("fork");
  if (child == 0) {
    ::signal(SIGPIPE, SIG_IGN);
    try {
      measure([&to](const std::string& name, double value, const std::string& unit,
                    const std::string& beside) {
        write_all(to.get(), fmt::format("{}\t{}\t{}\t{}\n", name, value, unit, beside));
      });
    } catch (const std::exception& error) {
      fmt::print(stderr, "bench: {}\n", error.what());
      ::_exit(1);
    }
    ::_exit(0);
  }
  to.reset();
  const std::string said = read_to_end(from.get(), 65536);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw unavailable("a part was not measured");
  for (const auto& line : split(said, '\n')) {
    const auto words = split(line, '\t');
    if (words.size() == 4) add(words[0], std::stod(words[1]), words[2], words[3]);
  }
}

namespace {

/// The namespace of this thread, which is a new one.
UniqueFd enter_new_host() {
  test::enter_user_namespace(CLONE_NEWNET);
  return open_file("/proc/thread-self/ns/net", O_RDONLY);
}

}  // namespace

FarHost::FarHost() : host_(enter_new_host()) {
  host_.ip("link set lo up");
  host_.ip("link add h0 mtu 65520 type veth peer name s0 netns " + far_.path());
  host_.ip("addr add 198.51.100.1/24 dev h0");
  host_.ip("link set h0 up");
  host_.ip(fmt::format("route add default via {}", kAddress));
  far_.ip(fmt::format("addr add {}/24 dev s0", kAddress));
  far_.ip("link set s0 mtu 65520 up");
  far_.run([this] { listener_ = listen_at(kAddress); });
  std::thread([listener = listener_.get()] {
    for (;;) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) std::thread(serve_one, fd).detach();
    }
  }).detach();
}

}  // namespace pyro::bench
