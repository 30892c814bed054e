#include <unistd.h>

#include <atomic>

#include "services/vm/boot/accelerator_chooser.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

class Chooser : public ::testing::Test {
 protected:
  AcceleratorChooser chooser(AcceleratorChoice choice, const std::string& vmm = "QEMU 7.2") {
    return {registry_, choice, vmm};
  }
  /// Without a /dev/kvm that opens there is nothing to probe.
  static bool kvm_opens() { return ::access("/dev/kvm", R_OK | W_OK) == 0; }

  AcceleratorChooser::BootProbe answering() {
    return [this](std::chrono::seconds, const std::stop_token&) { ++probes_; };
  }

  pyro::testing::TestDirectory directory_;
  Registry registry_{directory_ / "registry.db"};
  std::atomic<int> probes_{0};
};

TEST_F(Chooser, does_as_configured_without_a_probe) {
  auto tcg = chooser(AcceleratorChoice::kTcg);
  EXPECT_EQ(tcg.choose(answering(), {}).accelerator, Accelerator::kTcg);
  auto kvm = chooser(AcceleratorChoice::kKvm);
  EXPECT_EQ(kvm.choose(answering(), {}).accelerator, Accelerator::kKvm);
  EXPECT_EQ(probes_, 0);
}

TEST_F(Chooser, probes_once_and_remembers_the_answer_for_this_boot_and_vmm) {
  {
    auto first = chooser(AcceleratorChoice::kAuto);
    first.choose(answering(), {});
    first.choose(answering(), {});
  }
  auto restarted = chooser(AcceleratorChoice::kAuto);
  const auto verdict = restarted.choose(answering(), {});
  EXPECT_EQ(probes_, kvm_opens() ? 1 : 0);
  EXPECT_EQ(verdict.accelerator, kvm_opens() ? Accelerator::kKvm : Accelerator::kTcg);
  auto upgraded = chooser(AcceleratorChoice::kAuto, "QEMU 9");
  upgraded.choose(answering(), {});
  EXPECT_EQ(probes_, kvm_opens() ? 2 : 0);
}

TEST_F(Chooser, falls_back_to_tcg_when_the_guest_does_not_answer_and_says_why) {
  auto auto_chooser = chooser(AcceleratorChoice::kAuto);
  const auto verdict = auto_chooser.choose(
      [](std::chrono::seconds limit, const std::stop_token&) {
        EXPECT_GE(limit.count(), 3);
        throw unavailable("no answer");
      },
      {});
  EXPECT_EQ(verdict.accelerator, Accelerator::kTcg);
  EXPECT_FALSE(verdict.reason.empty());
}

TEST_F(Chooser, a_cancelled_probe_proves_nothing) {
  auto auto_chooser = chooser(AcceleratorChoice::kAuto);
  if (!kvm_opens()) {
    // Nothing is probed on such a host, so there is nothing to cancel: the verdict stands.
    ASSERT_TRUE(auto_chooser.known().has_value());
    EXPECT_EQ(auto_chooser.known()->accelerator, Accelerator::kTcg);
    return;
  }
  EXPECT_THAT(pyro::testing::error_of([&] {
                auto_chooser.choose(
                    [](std::chrono::seconds, const std::stop_token&) {
                      throw cancelled("cancelled by the caller");
                    },
                    {});
              }),
              pyro::testing::Refused(ErrorCode::kCancelled));
  EXPECT_FALSE(auto_chooser.known().has_value());
}

}  // namespace
}  // namespace pyro::vm
