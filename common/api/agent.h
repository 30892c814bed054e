#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/api/field.h"
#include "common/api/job_state.h"

/// The operations of the guest agent on its port, in frames of common/link. The host checks every
/// message: the guest may be hostile.
namespace pyro::api::agent {

/// The port the agent listens on, as a vsock port number.
inline constexpr std::uint32_t kPort = 5005;

/// So many connections a guest remembers the makers of.
inline constexpr std::size_t kMostJobConnections = 4096;

struct HelloReply {
  std::string agent_version;
  std::uint64_t uptime_ms = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("agent_version", &HelloReply::agent_version, "Version of the suite the agent is from.",
      max_length(64));
    f("uptime_ms", &HelloReply::uptime_ms, "Milliseconds since the kernel started.");
  }
};

/// First sign of life of a booted machine.
struct Hello {
  static constexpr Method kMethod{"agent.hello", Idempotent::kYes};
  using Reply = HelloReply;

  template <class Fields>
  static void describe(Fields&) {}
};

/// Gives a machine its identity before the first byte of user work: wall clock, random
/// generator, host name, machine id.
struct Personalize {
  static constexpr Method kMethod{"agent.personalize", Idempotent::kYes};
  using Reply = Nothing;
  std::uint64_t realtime_ns = 0;
  Bytes random_seed;
  std::string host_name;
  std::string machine_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("realtime_ns", &Personalize::realtime_ns, "The host's clock, nanoseconds since the epoch.");
    f("random_seed", &Personalize::random_seed, "Fresh randomness of the host.", max_length(256));
    f("host_name", &Personalize::host_name, "Name of the machine.", kRequired, max_length(64));
    f("machine_id", &Personalize::machine_id, "Content of /etc/machine-id, 32 hex digits.",
      max_length(32));
  }
};

using api::JobState;

struct Job {
  std::string job_id;
  JobState state = JobState::kRunning;
  std::optional<std::int32_t> pid;
  std::optional<std::int32_t> exit_code;
  std::optional<KilledBy> killed_by;
  std::optional<LikelyCause> likely_cause;
  std::uint64_t duration_ms = 0;
  std::uint64_t stdout_bytes = 0;
  std::uint64_t stderr_bytes = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &Job::job_id, "Id of the job, chosen by the host.", max_length(64));
    f("state", &Job::state, "running, exited, timed_out or cancelled.");
    f("pid", &Job::pid, "Of its shell, in the guest, while it runs.", kAbsentWhenNull);
    f("exit_code", &Job::exit_code, "Exit status once it ended; 128 + n after signal n.");
    f("killed_by", &Job::killed_by, kKilledBy, kAbsentWhenNull);
    f("likely_cause", &Job::likely_cause, kLikelyCause, kAbsentWhenNull);
    f("duration_ms", &Job::duration_ms, "Milliseconds from its start to its end or to now.");
    f("stdout_bytes", &Job::stdout_bytes, "Bytes printed so far.");
    f("stderr_bytes", &Job::stderr_bytes, "Bytes printed so far.");
  }
};

/// Starts a shell command as a job with a cgroup of its own and returns at once.
/// already_exists: the id is taken, so job.status finds a job again after a lost answer.
/// invalid_argument: the directory cannot be entered, or environment or id hold odd characters.
/// resource_exhausted (guest_overloaded): the jobs have as many processes as they may. A job ends
/// with its shell, even if a process still holds its output. The agent keeps the last 256 ended
/// jobs.
struct StartJob {
  static constexpr Method kMethod{"job.start"};
  using Reply = Job;
  std::string job_id;
  std::string command;
  std::string cwd = "/";
  std::map<std::string, std::string> environment;
  std::uint64_t timeout_ms = 30000;
  std::uint64_t spent_ms = 0;
  std::uint32_t mem_mib = 0;
  std::uint64_t log_bytes = 0;
  bool follow = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &StartJob::job_id, "Id of the job, chosen by the host.", kRequired, max_length(64));
    f("command", &StartJob::command, "Run by bash -lc, else sh -lc.", kRequired,
      max_length(131071));
    f("cwd", &StartJob::cwd, "Directory it starts in.", max_length(4096));
    f("environment", &StartJob::environment, "Added to the agent's own.", max_length(1024));
    f("timeout_ms", &StartJob::timeout_ms, "After this every process of the job is killed.",
      kPositive);
    f("spent_ms", &StartJob::spent_ms, "How much of that was over before the job was sent.");
    f("mem_mib", &StartJob::mem_mib, "The machine's memory, as its caller asked for it.");
    f("log_bytes", &StartJob::log_bytes,
      "Keep so many of each stream's last bytes, rather than its first and its last ones; 0: not.");
    f("follow", &StartJob::follow,
      "This connection then gets every byte as an output frame before the result, which comes at "
      "the job's end; a slow reader slows the job. Without a reader the job continues unhindered.");
  }
};

/// The state of a job.
struct JobStatus {
  static constexpr Method kMethod{"job.status", Idempotent::kYes};
  using Reply = Job;
  std::string job_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &JobStatus::job_id, "The job.", kRequired, max_length(64));
  }
};

/// Follows a job from these offsets, in bytes since its start, as StartJob with `follow` does:
/// after a lost connection a caller continues where it was, or from the start. Several callers may
/// follow one job; none consumes its output. The agent keeps the first and the last 4 MiB of each
/// stream; a frame after a gap says how much is missing. invalid_argument: an offset is beyond the
/// output.
struct FollowJob {
  static constexpr Method kMethod{"job.follow", Idempotent::kYes};
  using Reply = Job;
  std::string job_id;
  std::uint64_t stdout_offset = 0;
  std::uint64_t stderr_offset = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &FollowJob::job_id, "The job.", kRequired, max_length(64));
    f("stdout_offset", &FollowJob::stdout_offset, "Bytes of stdout the caller has.");
    f("stderr_offset", &FollowJob::stderr_offset, "Bytes of stderr the caller has.");
  }
};

/// Sends a signal to every process of a running job; KILL ends it as cancelled, and is answered
/// once they are gone. Does nothing to an ended job.
struct SignalJob {
  static constexpr Method kMethod{"job.signal", Idempotent::kYes};
  using Reply = Job;
  std::string job_id;
  std::uint32_t signal = 15;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &SignalJob::job_id, "The job.", kRequired, max_length(64));
    f("signal", &SignalJob::signal, "Signal number.", range(1, 64));
  }
};

/// Forgets an ended job and its output; a missing job is no error.
/// failed_precondition: it still runs.
struct ForgetJob {
  static constexpr Method kMethod{"job.forget", Idempotent::kYes};
  using Reply = Nothing;
  std::string job_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &ForgetJob::job_id, "The job.", kRequired, max_length(64));
  }
};

/// Flushes the disks, answers, and powers the machine off.
struct PowerOff {
  static constexpr Method kMethod{"agent.power_off", Idempotent::kYes};
  using Reply = Nothing;

  template <class Fields>
  static void describe(Fields&) {}
};

struct LeftRunning {
  bool any = false;

  template <class Fields>
  static void describe(Fields& f) {
    f("any", &LeftRunning::any, "Whether a process of any job lives, an ended one included.");
  }
};

/// Whether jobs left something running, such as a server in the background.
struct AskLeftRunning {
  static constexpr Method kMethod{"job.left_running", Idempotent::kYes};
  using Reply = LeftRunning;

  template <class Fields>
  static void describe(Fields&) {}
};

struct EndedLeft {
  bool any = false;
  bool gone = true;

  template <class Fields>
  static void describe(Fields& f) {
    f("any", &EndedLeft::any, "Whether the job had left something running.");
    f("gone", &EndedLeft::gone, "Whether all of it is gone; the kernel may hold some of it up.");
  }
};

/// Kills what an ended job left running, also of one that was forgotten. Answers once it is gone,
/// or does not go within some seconds. Does nothing to a job that runs, or of which nothing is
/// left.
struct EndLeft {
  static constexpr Method kMethod{"job.end_left", Idempotent::kYes};
  using Reply = EndedLeft;
  std::string job_id;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &EndLeft::job_id, "The job.", kRequired, max_length(64));
  }
};

/// An address of the guest's network card, and where packets for all others go.
struct CardAddress {
  std::string address;
  std::uint32_t prefix_bits = 0;
  std::string gateway;

  template <class Fields>
  static void describe(Fields& f) {
    f("address", &CardAddress::address, "Of the card.", kRequired, max_length(45));
    f("prefix_bits", &CardAddress::prefix_bits, "Of its subnet.", kRequired, range(1, 128));
    f("gateway", &CardAddress::gateway, "The default route.", kRequired, max_length(45));
  }
};

/// Where the guest's package managers find what the host's package cache serves.
struct PackageMirror {
  std::string site;
  std::string address;
  std::uint32_t port = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("site", &PackageMirror::site, "npm, pypi, debian, crates or go.", kRequired, max_length(32));
    f("address", &PackageMirror::address, "Its address.", kRequired, max_length(45));
    f("port", &PackageMirror::port, "Its port.", kRequired, range(1, 65535));
  }
};

/// Gives the guest's network card these addresses and the guest its name server, in the place of
/// those that it has, and its package managers these mirrors; with no addresses the card is down,
/// and the guest has no name server.
struct ConfigureNetwork {
  static constexpr Method kMethod{"agent.configure_network", Idempotent::kYes};
  using Reply = Nothing;
  std::vector<CardAddress> addresses;
  std::string name_server;
  std::uint32_t mtu = 1500;
  std::vector<PackageMirror> package_mirrors;

  template <class Fields>
  static void describe(Fields& f) {
    f("addresses", &ConfigureNetwork::addresses, "One of each family at most.", max_length(2));
    f("name_server", &ConfigureNetwork::name_server, "For /etc/resolv.conf.", max_length(45));
    f("mtu", &ConfigureNetwork::mtu, "The longest packet.", range(1280, 65535));
    f("package_mirrors", &ConfigureNetwork::package_mirrors,
      "For the settings of package managers; those of others are taken away.", max_length(16));
  }
};

/// A flow that a process of a job began: a TCP connection, or a port that it sends datagrams from.
struct JobConnection {
  std::string job_id;
  bool tcp = false;
  std::uint32_t guest_port = 0;
  std::uint64_t realtime_ns = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("job_id", &JobConnection::job_id, "The job, or that of a shell (job_of_shell).", kRequired,
      max_length(80));
    f("tcp", &JobConnection::tcp, "TCP, else UDP.");
    f("guest_port", &JobConnection::guest_port, "Where it comes from.", range(0, 65535));
    f("realtime_ns", &JobConnection::realtime_ns,
      "When its last first packet left, by the guest's clock, nanoseconds since the epoch.");
  }
  bool operator==(const JobConnection&) const = default;
};

struct JobConnections {
  bool known = false;
  std::vector<JobConnection> connections;

  template <class Fields>
  static void describe(Fields& f) {
    f("known", &JobConnections::known, "Whether this guest's kernel keeps them.");
    f("connections", &JobConnections::connections, "Oldest first.",
      max_length(kMostJobConnections));
  }
};

/// Which job began which connection through the network card: the latest ones, also of jobs that
/// have ended. The guest's word.
struct AskConnections {
  static constexpr Method kMethod{"agent.connections", Idempotent::kYes};
  using Reply = JobConnections;
  std::uint64_t after_ns = 0;

  template <class Fields>
  static void describe(Fields& f) {
    f("after_ns", &AskConnections::after_ns, "Only those after this `realtime_ns`.");
  }
};

using AgentApi = Api<Hello, Personalize, ConfigureNetwork, AskConnections, StartJob, JobStatus,
                     FollowJob, SignalJob, ForgetJob, AskLeftRunning, EndLeft, PowerOff>;

}  // namespace pyro::api::agent
