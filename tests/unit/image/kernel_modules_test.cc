#include "services/image/kernel_modules.h"

#include "tests/support/errors.h"

namespace pyro::image {
namespace {

using pyro::testing::error_of;
using pyro::testing::Refused;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum WantedModule::Need;

constexpr const char* kDep =
    "kernel/virtio/virtio_ring.ko: kernel/virtio/virtio.ko\n"
    "kernel/virtio/virtio.ko:\n"
    "kernel/net/virtio_net.ko: kernel/net/net_failover.ko kernel/net/failover.ko "
    "kernel/virtio/virtio_ring.ko kernel/virtio/virtio.ko\n"
    "kernel/net/net_failover.ko: kernel/net/failover.ko\n"
    "kernel/net/failover.ko:\n"
    "kernel/char/virtio-rng.ko: kernel/virtio/virtio_ring.ko kernel/virtio/virtio.ko\n";

std::vector<std::string> order(std::string_view dep, std::vector<WantedModule> wanted,
                               std::string_view builtin = "") {
  return modules_in_load_order(dep, builtin, wanted);
}

TEST(KernelModules, come_after_what_they_need_and_once) {
  EXPECT_THAT(order(kDep, {{"virtio_net"}, {"virtio_rng"}, {"virtio"}}),
              ElementsAre("kernel/net/failover.ko", "kernel/net/net_failover.ko",
                          "kernel/virtio/virtio.ko", "kernel/virtio/virtio_ring.ko",
                          "kernel/net/virtio_net.ko", "kernel/char/virtio-rng.ko"));
}

TEST(KernelModules, that_are_built_in_are_left_out) {
  EXPECT_THAT(order(kDep, {{"ext4"}}, "kernel/fs/ext4/ext4.ko\n"), IsEmpty());
}

TEST(KernelModules, that_are_missing_are_refused_unless_optional) {
  EXPECT_THAT(error_of([] { order(kDep, {{"overlay"}}); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("no module 'overlay'")));
  EXPECT_THAT(order(kDep, {{"crc32c_intel", kIfThere}}), IsEmpty());
}

TEST(KernelModules, with_a_circle_or_an_unknown_need_are_refused) {
  EXPECT_THAT(error_of([] { order("a.ko: b.ko\nb.ko: a.ko\n", {{"a"}}); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("circle")));
  EXPECT_THAT(error_of([] { order("a.ko: gone.ko\n", {{"a"}}); }),
              Refused(ErrorCode::kInvalidArgument, HasSubstr("does not list 'gone.ko'")));
}

TEST(KernelModules, never_lie_outside_their_directory) {
  for (const char* dep :
       {"../../etc/a.ko:\n", "/etc/a.ko:\n", "x/../../a.ko:\n", "a.sh:\n", ":\n"}) {
    EXPECT_THAT(error_of([&] { order(dep, {{"a"}}); }),
                Refused(ErrorCode::kInvalidArgument, HasSubstr("no module 'a'")));
  }
}

}  // namespace
}  // namespace pyro::image
