#include "guest/agent/connection_table.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "common/base/error.h"
#include "common/base/files.h"

namespace pyro::agent {
namespace {

/// A key of the map, as the program writes it.
struct Flow {
  std::uint64_t cgroup_id;
  std::uint64_t protocol_and_port;  ///< protocol << 16 | port
};

/// The map gives room by forgetting what is oldest, in batches: so it has some to spare.
constexpr std::uint32_t kEntries = 2 * api::agent::kMostJobConnections;
constexpr std::size_t kMostNames = 1024;

long bpf(bpf_cmd command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

// Instructions of the kernel's machine, as <linux/bpf.h> numbers them. r0 has a result, r1 to r5
// are arguments, r6 to r9 outlive a call, r10 is the end of the stack.
constexpr int kStack = BPF_REG_10;

constexpr bpf_insn instruction(int code, int to, int from, int offset, int value) {
  return {.code = static_cast<__u8>(code),
          .dst_reg = static_cast<__u8>(to & 0xf),
          .src_reg = static_cast<__u8>(from & 0xf),
          .off = static_cast<__s16>(offset),
          .imm = value};
}
constexpr bpf_insn move(int to, int from) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}
constexpr bpf_insn set(int to, int value) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}
constexpr bpf_insn compute(int operation, int to, int value) {
  return instruction(BPF_ALU64 | operation | BPF_K, to, 0, 0, value);
}
constexpr bpf_insn load(int size, int to, int from, int offset) {
  return instruction(BPF_LDX | BPF_MEM | size, to, from, offset, 0);
}
constexpr bpf_insn store(int to, int offset, int from) {
  return instruction(BPF_STX | BPF_MEM | BPF_DW, to, from, offset, 0);
}
constexpr bpf_insn call(bpf_func_id function) {
  return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, function);
}

/// A program under construction: jumps to its end are filled in last.
class Program {
 public:
  void add(const bpf_insn& one) { code_.push_back(one); }
  void leave_if(int comparison, int reg, int value) {
    to_the_end_.push_back(code_.size());
    add(instruction(BPF_JMP | comparison | BPF_K, reg, 0, 0, value));
  }
  /// Returns the jump, for land().
  std::size_t jump_if(int comparison, int reg, int value) {
    add(instruction(BPF_JMP | comparison | BPF_K, reg, 0, 0, value));
    return code_.size() - 1;
  }
  std::size_t jump() { return jump_if(BPF_JA, 0, 0); }
  void land(std::size_t jump) { code_[jump].off = static_cast<__s16>(code_.size() - jump - 1); }
  /// The packet's bytes at offset r`offset_register` + `more`, to the stack at `kBytes`. A packet
  /// without them is of no concern.
  void take_bytes(int offset_register, int more, int count) {
    add(move(BPF_REG_1, BPF_REG_6));
    if (offset_register < 0) {
      add(set(BPF_REG_2, more));
    } else {
      add(move(BPF_REG_2, offset_register));
      add(compute(BPF_ADD, BPF_REG_2, more));
    }
    add(move(BPF_REG_3, kStack));
    add(compute(BPF_ADD, BPF_REG_3, kBytes));
    add(set(BPF_REG_4, count));
    add(call(BPF_FUNC_skb_load_bytes));
    leave_if(BPF_JNE, BPF_REG_0, 0);
  }
  /// Every packet goes on its way.
  std::vector<bpf_insn> finish() {
    for (const std::size_t jump : to_the_end_) land(jump);
    add(set(BPF_REG_0, 1));
    add(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
    return std::move(code_);
  }

  static constexpr int kKey = -static_cast<int>(sizeof(Flow));
  static constexpr int kBytes = kKey - 8;
  static constexpr int kTime = kBytes - 8;

 private:
  std::vector<bpf_insn> code_;
  std::vector<std::size_t> to_the_end_;
};

/// `level`: of the jobs' cgroups, below the root.
std::vector<bpf_insn> program(int map, int level) {
  constexpr int kLoopback = 1;
  constexpr int kFixedAny = -1;
  constexpr int kSynAndAck = 0x12;
  constexpr int kSyn = 0x02;
  Program p;
  p.add(move(BPF_REG_6, BPF_REG_1));
  p.add(load(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(__sk_buff, ifindex)));
  p.leave_if(BPF_JEQ, BPF_REG_2, kLoopback);
  // r8: where the ports are. r9: the protocol. Behind extension headers nobody looks.
  p.take_bytes(kFixedAny, 0, 1);
  p.add(load(BPF_B, BPF_REG_8, kStack, Program::kBytes));
  p.add(move(BPF_REG_7, BPF_REG_8));
  p.add(compute(BPF_RSH, BPF_REG_7, 4));
  const std::size_t to_v6 = p.jump_if(BPF_JEQ, BPF_REG_7, 6);
  p.leave_if(BPF_JNE, BPF_REG_7, 4);
  p.add(compute(BPF_AND, BPF_REG_8, 0xf));
  p.add(compute(BPF_LSH, BPF_REG_8, 2));
  p.take_bytes(kFixedAny, 9, 1);
  const std::size_t to_ports = p.jump();
  p.land(to_v6);
  p.add(set(BPF_REG_8, 40));
  p.take_bytes(kFixedAny, 6, 1);
  p.land(to_ports);
  p.add(load(BPF_B, BPF_REG_9, kStack, Program::kBytes));
  p.take_bytes(BPF_REG_8, 0, 2);
  p.add(load(BPF_H, BPF_REG_7, kStack, Program::kBytes));
  p.add(instruction(BPF_ALU | BPF_END | BPF_TO_BE, BPF_REG_7, 0, 0, 16));
  const std::size_t is_udp = p.jump_if(BPF_JEQ, BPF_REG_9, IPPROTO_UDP);
  p.leave_if(BPF_JNE, BPF_REG_9, IPPROTO_TCP);
  p.take_bytes(BPF_REG_8, 13, 1);
  p.add(load(BPF_B, BPF_REG_1, kStack, Program::kBytes));
  p.add(compute(BPF_AND, BPF_REG_1, kSynAndAck));
  p.leave_if(BPF_JNE, BPF_REG_1, kSyn);
  p.land(is_udp);
  p.add(compute(BPF_LSH, BPF_REG_9, 16));
  p.add(instruction(BPF_ALU64 | BPF_OR | BPF_X, BPF_REG_9, BPF_REG_7, 0, 0));
  p.add(store(kStack, Program::kKey + static_cast<int>(offsetof(Flow, protocol_and_port)),
              BPF_REG_9));
  p.add(move(BPF_REG_1, BPF_REG_6));
  p.add(set(BPF_REG_2, level));
  p.add(call(BPF_FUNC_skb_ancestor_cgroup_id));
  p.add(store(kStack, Program::kKey + static_cast<int>(offsetof(Flow, cgroup_id)), BPF_REG_0));
  p.add(call(BPF_FUNC_ktime_get_boot_ns));
  p.add(store(kStack, Program::kTime, BPF_REG_0));
  p.add(instruction(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map));
  p.add(instruction(0, 0, 0, 0, 0));
  p.add(move(BPF_REG_2, kStack));
  p.add(compute(BPF_ADD, BPF_REG_2, Program::kKey));
  p.add(move(BPF_REG_3, kStack));
  p.add(compute(BPF_ADD, BPF_REG_3, Program::kTime));
  p.add(set(BPF_REG_4, BPF_ANY));
  p.add(call(BPF_FUNC_map_update_elem));
  return p.finish();
}

UniqueFd make_map() {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_LRU_HASH;
  attributes.key_size = sizeof(Flow);
  attributes.value_size = sizeof(std::uint64_t);
  attributes.max_entries = kEntries;
  UniqueFd map(static_cast<int>(bpf(BPF_MAP_CREATE, attributes)));
  if (!map) throw system_error("make a table of connections");
  return map;
}

UniqueFd load_program(const std::vector<bpf_insn>& code) {
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
  attributes.expected_attach_type = BPF_CGROUP_INET_EGRESS;
  attributes.insns = reinterpret_cast<std::uintptr_t>(code.data());
  attributes.insn_cnt = static_cast<__u32>(code.size());
  attributes.license = reinterpret_cast<std::uintptr_t>("");
  UniqueFd program(static_cast<int>(bpf(BPF_PROG_LOAD, attributes)));
  if (!program) throw system_error("load the program that sees connections");
  return program;
}

std::uint64_t nanoseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

ConnectionTable::ConnectionTable(const std::filesystem::path& group) : map_(make_map()) {
  constexpr int kJobLevel = 2;  // the root, the group, a job's own
  program_ = load_program(program(map_.get(), kJobLevel));
  const UniqueFd directory = open_file(group, O_RDONLY | O_DIRECTORY);
  bpf_attr attributes{};
  attributes.target_fd = static_cast<__u32>(directory.get());
  attributes.attach_bpf_fd = static_cast<__u32>(program_.get());
  attributes.attach_type = BPF_CGROUP_INET_EGRESS;
  // A job that is root may add programs of its own to its cgroup.
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  if (bpf(BPF_PROG_ATTACH, attributes) != 0) {
    throw system_error("attach the program that sees connections");
  }
}

void ConnectionTable::name(std::uint64_t cgroup_id, const std::string& job_id) {
  names_.emplace_back(cgroup_id, job_id);
  if (names_.size() > kMostNames) names_.pop_front();
}

const std::string* ConnectionTable::job_of(std::uint64_t cgroup_id) const {
  const auto found = std::find_if(names_.rbegin(), names_.rend(),
                                  [&](const auto& one) { return one.first == cgroup_id; });
  return found == names_.rend() ? nullptr : &found->second;
}

/// When the clock of the entries was 0, in nanoseconds since the epoch. The same each time, unless
/// the wall clock is set: an entry has one time.
std::uint64_t ConnectionTable::boot_time() {
  constexpr std::uint64_t kSetClock = 100'000'000;
  const std::uint64_t now = nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_BOOTTIME);
  if (now > boot_time_ + kSetClock || now + kSetClock < boot_time_) boot_time_ = now;
  return boot_time_;
}

std::vector<api::agent::JobConnection> ConnectionTable::after(std::uint64_t realtime_ns) {
  std::vector<Flow> flows(kEntries);
  std::vector<std::uint64_t> times(kEntries);
  std::uint64_t next = 0;
  bpf_attr attributes{};
  attributes.batch.map_fd = static_cast<__u32>(map_.get());
  attributes.batch.out_batch = reinterpret_cast<std::uintptr_t>(&next);
  attributes.batch.keys = reinterpret_cast<std::uintptr_t>(flows.data());
  attributes.batch.values = reinterpret_cast<std::uintptr_t>(times.data());
  attributes.batch.count = kEntries;
  // ENOENT: these were all.
  if (bpf(BPF_MAP_LOOKUP_BATCH, attributes) != 0 && errno != ENOENT) {
    throw system_error("read the table of connections");
  }
  const std::uint64_t booted = boot_time();
  std::vector<api::agent::JobConnection> found;
  for (std::size_t i = 0; i < attributes.batch.count; ++i) {
    const std::uint64_t time = booted + times[i];
    const std::string* job_id = job_of(flows[i].cgroup_id);
    if (job_id == nullptr || time <= realtime_ns) continue;
    found.push_back({.job_id = *job_id,
                     .tcp = flows[i].protocol_and_port >> 16U == IPPROTO_TCP,
                     .guest_port = static_cast<std::uint32_t>(flows[i].protocol_and_port & 0xffffU),
                     .realtime_ns = time});
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.realtime_ns < b.realtime_ns; });
  if (found.size() > api::agent::kMostJobConnections) {
    found.erase(found.begin(), found.end() - api::agent::kMostJobConnections);
  }
  return found;
}

}  // namespace pyro::agent
