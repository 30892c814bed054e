#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>

#include "common/api/agent_services.h"
#include "tests/service/agent/agent_fixture.h"

namespace pyro::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A socket of the test on a port that the kernel chose. In host mode the agent shares our network.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw system_error("bind");
    }
    port_ = ntohs(address.sin_port);
  }
  std::string port() const { return std::to_string(port_); }
  void listen() const { ::listen(socket_.get(), 8); }
  /// Answers one request with these bytes and returns it.
  std::string answer(const std::string& bytes) const {
    const UniqueFd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string request(4096, '\0');
    const ssize_t got = ::recv(client.get(), request.data(), request.size(), 0);
    request.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    write_all(client.get(), bytes);
    return request;
  }

 private:
  UniqueFd socket_;
  std::uint16_t port_ = 0;
};

class ServiceJob : public AgentTest {
 protected:
  /// A job that runs until it is ended.
  std::string start(const std::string& command = "exec sleep 1000") {
    auto request = job(command);
    request.follow = false;
    request.timeout_ms = 3'600'000;
    request.log_bytes = 64U << 10U;
    call(request);
    return request.job_id;
  }
  wire::ProbeResult probe(wire::ProbeKind kind, const std::string& target,
                          std::uint64_t timeout_ms = 30'000) {
    return call(wire::ProbeJob{.job_id = start(),
                               .kind = kind,
                               .target = target,
                               .environment = {{"HOME", directory_.path().string()}},
                               .timeout_ms = timeout_ms,
                               .interval_ms = 20});
  }
};

TEST_F(ServiceJob, is_ready_once_its_file_is_there) {
  const auto file = directory_.path() / "ready";
  const std::string id = start("sleep 0.2; touch " + file.string() + "; exec sleep 1000");
  const auto found =
      call(wire::ProbeJob{.job_id = id, .kind = wire::ProbeKind::kFile, .target = file.string()});
  EXPECT_TRUE(found.ready);
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(ServiceJob, is_ready_once_its_port_takes_connections) {
  Listener listener;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    listener.listen();
  });
  EXPECT_TRUE(probe(wire::ProbeKind::kTcp, "localhost:" + listener.port()).ready);
  EXPECT_TRUE(probe(wire::ProbeKind::kTcp, "0.0.0.0:" + listener.port()).ready);
}

TEST_F(ServiceJob, that_never_listens_is_told_with_what_was_found) {
  const Listener silent;
  const auto found = probe(wire::ProbeKind::kTcp, "127.0.0.1:" + silent.port(), 200);
  EXPECT_FALSE(found.ready);
  EXPECT_FALSE(found.ended);
  EXPECT_THAT(found.why, AllOf(HasSubstr("127.0.0.1:" + silent.port()), HasSubstr("refused")));
}

TEST_F(ServiceJob, is_ready_once_its_page_is_answered_well) {
  Listener listener;
  listener.listen();
  std::string asked;
  std::jthread server([&] {
    listener.answer("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    asked = listener.answer("HTTP/1.0 204 No Content\r\n\r\n");
  });
  const std::string url = "http://localhost:" + listener.port() + "/health?deep=1#x";
  EXPECT_TRUE(probe(wire::ProbeKind::kHttp, url).ready);
  server.join();
  EXPECT_THAT(asked, AllOf(HasSubstr("GET /health?deep=1 HTTP/1.1\r\n"),
                           HasSubstr("Host: localhost:" + listener.port() + "\r\n")));
}

TEST_F(ServiceJob, whose_page_is_no_http_or_an_error_is_not_ready) {
  for (const auto& [answer, why] : {std::pair{"HTTP/1.1 500 Oops\r\n\r\n", "HTTP status 500"},
                                    std::pair{"SSH-2.0\n", "no HTTP"}, std::pair{"", "no HTTP"}}) {
    Listener listener;
    listener.listen();
    std::jthread server([&, answer = answer](const std::stop_token& stop) {
      while (!stop.stop_requested()) listener.answer(answer);
    });
    const auto found = probe(wire::ProbeKind::kHttp, "http://127.0.0.1:" + listener.port(), 300);
    EXPECT_FALSE(found.ready) << answer;
    EXPECT_THAT(found.why, HasSubstr(why));
    server.request_stop();
    // Its accept returns.
    EXPECT_TRUE(probe(wire::ProbeKind::kTcp, "127.0.0.1:" + listener.port()).ready);
  }
}

TEST_F(ServiceJob, is_ready_once_its_command_succeeds) {
  const std::string mark = (directory_.path() / "count").string();
  const auto found =
      probe(wire::ProbeKind::kCommand, "echo x >> " + mark + "; test $(wc -l < " + mark + ") = 3");
  EXPECT_TRUE(found.ready);
  EXPECT_EQ(read_file(mark), "x\nx\nx\n");
  const auto failed = probe(wire::ProbeKind::kCommand, "echo not yet; exit 4", 5000);
  EXPECT_THAT(failed.why, HasSubstr("exited with 4: not yet"));
}

TEST_F(ServiceJob, that_ends_before_it_is_ready_is_told_at_once) {
  const std::string id = start("sleep 0.1; exit 3");
  const auto found = call(wire::ProbeJob{
      .job_id = id, .kind = wire::ProbeKind::kFile, .target = "/nowhere", .timeout_ms = 600'000});
  EXPECT_TRUE(found.ended);
  EXPECT_EQ(call(wire::WaitJob{.job_id = id}).exit_code, 3);
}

TEST_F(ServiceJob, probed_for_what_is_no_place_is_refused) {
  for (const char* target :
       {"", "8000", "host.example:80", "localhost:0", "localhost:70000", "::"}) {
    if (std::string_view(target).empty()) continue;
    EXPECT_EQ(code_of([&] { probe(wire::ProbeKind::kTcp, target); }), ErrorCode::kInvalidArgument)
        << target;
  }
  for (const char* target : {"https://localhost/", "localhost:80", "http://a b/", "http://x:80/"}) {
    EXPECT_EQ(code_of([&] { probe(wire::ProbeKind::kHttp, target); }), ErrorCode::kInvalidArgument)
        << target;
  }
  EXPECT_EQ(code_of([&] { call(wire::ProbeJob{.job_id = "none", .target = "true"}); }),
            ErrorCode::kNotFound);
}

TEST_F(ServiceJob, whose_prober_goes_is_probed_no_more) {
  const std::string mark = (directory_.path() / "looks").string();
  const std::string id = start();
  std::jthread prober([&](const std::stop_token& stop) {
    EXPECT_EQ(code_of([&] {
                dial().call(wire::ProbeJob{.job_id = id,
                                           .kind = wire::ProbeKind::kCommand,
                                           .target = "echo $$ >> " + mark + "; sleep 1000",
                                           .environment = {{"HOME", directory_.path().string()}}},
                            {.deadline = in(std::chrono::seconds(30)), .stop = stop});
              }),
              ErrorCode::kCancelled);
  });
  const std::string look =
      run("while [ ! -s " + mark + " ]; do sleep 0.01; done; cat " + mark).output;
  prober.request_stop();
  prober.join();
  const std::string pid = look.substr(0, look.find('\n'));
  EXPECT_EQ(run("while kill -0 " + pid + " 2>/dev/null; do sleep 0.01; done").job.exit_code, 0);
}

TEST_F(ServiceJob, is_awaited_with_all_that_it_left_running) {
  const std::string id = start("sleep 1000 & echo $!");
  const std::string child = first_line(id);
  EXPECT_EQ(call(wire::WaitJob{.job_id = id}).exit_code, 0);
  EXPECT_FALSE(process_lives(child));
}

TEST_F(ServiceJob, keeps_the_last_of_its_log) {
  const std::string id = start("yes line | head -c 200000; echo last; echo error >&2");
  call(wire::WaitJob{.job_id = id});
  const auto last = call(wire::ReadLog{.job_id = id, .max_bytes = 5});
  EXPECT_EQ(last.data.data, "last\n");
  EXPECT_EQ(last.total, 200005U);
  EXPECT_EQ(last.offset, 200000U);
  const auto first = call(wire::ReadLog{.job_id = id, .offset = 0, .max_bytes = 10});
  EXPECT_EQ(first.offset, 200005U - (64U << 10U));
  EXPECT_EQ(call(wire::ReadLog{.job_id = id, .stream = 2}).data.data, "error\n");
  EXPECT_EQ(call(wire::ReadLog{.job_id = id, .offset = 999'999'999}).data.data, "");
}

TEST_F(ServiceJob, keeps_a_short_log_from_its_beginning) {
  const std::string id = start("printf abcdef");
  call(wire::WaitJob{.job_id = id});
  EXPECT_EQ(call(wire::ReadLog{.job_id = id, .offset = 2}).data.data, "cdef");
}

}  // namespace
}  // namespace pyro::agent
