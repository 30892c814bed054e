#include "guest/agent/service.h"

#include <signal.h>
#include <time.h>

#include <algorithm>

#include "guest/agent/readiness/readiness.h"

namespace pyro::agent {
namespace {

namespace wire = api::agent;

std::uint64_t uptime_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec * 1000 + now.tv_nsec / 1'000'000);
}

}  // namespace

Service::Service(asio::io_context& io, JobTable& jobs, Shells& shells, Machine& machine)
    : io_(io), jobs_(jobs), machine_(machine) {
  const auto answer = [this]<class Op>(const Op& request, const std::shared_ptr<Session>& session) {
    handle(request, Caller<Op>(session));
  };
  dispatcher_.serve(wire::AgentApi{}, answer);
  dispatcher_.serve(wire::AgentServicesApi{}, answer);
  dispatcher_.serve(wire::AgentSecretsApi{}, answer);
  dispatcher_.serve(wire::AgentTrustApi{}, answer);
  dispatcher_.serve(
      wire::ShellsApi{},
      [&shells]<class Op>(const Op& request, const std::shared_ptr<Session>& session) {
        shells.handle(request, Caller<Op>(session));
      });
}

void Service::dispatch(const std::shared_ptr<Session>& session, const link::Frame& request) {
  const auto run = dispatcher_.find(request.method, request.body.data);
  if (!run) throw invalid_argument("the agent knows no method '{}'", request.method);
  run(session);
}

void Service::handle(const wire::Hello&, To<wire::Hello> caller) {
  caller.answer({.agent_version = PYRO_VERSION, .uptime_ms = uptime_ms()});
}

void Service::handle(const wire::Personalize& request, To<wire::Personalize> caller) {
  machine_.personalize(request);
  caller.answer({});
}

void Service::handle(const wire::ConfigureNetwork& request, To<wire::ConfigureNetwork> caller) {
  machine_.configure_network(request);
  caller.answer({});
}

void Service::handle(const wire::AskConnections& request, To<wire::AskConnections> caller) {
  caller.answer(machine_.connections(request));
}

void Service::handle(const wire::InstallSecrets& request, To<wire::InstallSecrets> caller) {
  machine_.install_secrets(request);
  caller.answer({});
}

void Service::handle(const wire::TrustCertificates& request, To<wire::TrustCertificates> caller) {
  machine_.trust_certificates(request);
  caller.answer({});
}

void Service::handle(const wire::StartJob& request, To<wire::StartJob> caller) {
  const auto job = jobs_.start(request);
  if (request.follow) return job->follow({}, caller.session());
  caller.answer(job->describe());
}

void Service::handle(const wire::JobStatus& request, To<wire::JobStatus> caller) {
  caller.answer(jobs_.find(request.job_id)->describe());
}

void Service::handle(const wire::FollowJob& request, To<wire::FollowJob> caller) {
  jobs_.find(request.job_id)
      ->follow({request.stdout_offset, request.stderr_offset}, caller.session());
}

void Service::handle(const wire::SignalJob& request, To<wire::SignalJob> caller) {
  const auto job = jobs_.find(request.job_id);
  job->signal(static_cast<int>(request.signal));
  if (request.signal != SIGKILL || job->ended()) return caller.answer(job->describe());
  job->wait(caller.session(), [job, caller] { caller.answer(job->describe()); });
}

void Service::handle(const wire::ForgetJob& request, To<wire::ForgetJob> caller) {
  jobs_.forget(request.job_id);
  caller.answer({});
}

void Service::handle(const wire::AskLeftRunning&, To<wire::AskLeftRunning> caller) {
  caller.answer({.any = jobs_.any_left()});
}

void Service::handle(const wire::EndLeft& request, To<wire::EndLeft> caller) {
  jobs_.end_left(request.job_id, [caller](const wire::EndedLeft& ended) { caller.answer(ended); });
}

void Service::handle(const wire::PowerOff&, To<wire::PowerOff> caller) {
  caller.answer({});
  when_flushed([this] { machine_.power_off(); });
}

void Service::handle(const wire::WaitJob& request, To<wire::WaitJob> caller) {
  const auto job = jobs_.find(request.job_id);
  const auto answer = [this, job, caller] {
    jobs_.end_left(job->id(),
                   [job, caller](const wire::EndedLeft&) { caller.answer(job->describe()); });
  };
  if (job->ended()) return answer();
  job->wait(caller.session(), answer);
}

void Service::handle(const wire::ReadLog& request, To<wire::ReadLog> caller) {
  const OutputStore& log = jobs_.find(request.job_id)->log(request.stream - 1);
  const std::uint64_t from =
      std::min(request.offset.value_or(log.total() -
                                       std::min<std::uint64_t>(log.total(), request.max_bytes)),
               log.total());
  OutputStore::Piece piece = log.read(from, request.max_bytes);
  caller.answer(
      {.data = {std::move(piece.data)}, .offset = from + piece.dropped, .total = log.total()});
}

void Service::handle(const wire::ProbeJob& request, To<wire::ProbeJob> caller) {
  Readiness::start(io_, jobs_, request, caller);
}

}  // namespace pyro::agent
