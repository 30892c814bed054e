#include "services/vm/boot/host_facts.h"

#include <gmock/gmock.h>

#include "common/base/files.h"
#include "services/vm/drivers/host_cpu.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

/// A /sys/class/power_supply.
class PowerSupplyTest : public ::testing::Test {
 protected:
  void add(const std::string& name, const std::map<std::string, std::string>& files) {
    fs::create_directory(directory_ / name);
    for (const auto& [file, text] : files) {
      write_file_atomically(directory_ / name / file, text);
    }
  }
  bool on_battery() const { return vm::on_battery(directory_.path()); }

  pyro::testing::TestDirectory directory_;
};

TEST_F(PowerSupplyTest, without_a_battery_is_no_battery) {
  EXPECT_FALSE(vm::on_battery(directory_ / "missing"));
  EXPECT_FALSE(on_battery());
  add("AC", {{"type", "Mains\n"}, {"online", "1\n"}});
  EXPECT_FALSE(on_battery());
}

TEST_F(PowerSupplyTest, is_a_battery_while_it_discharges) {
  add("AC", {{"type", "Mains\n"}, {"online", "0\n"}});
  add("BAT0", {{"type", "Battery\n"}, {"status", "Discharging\n"}});
  EXPECT_TRUE(on_battery());
}

TEST_F(PowerSupplyTest, is_none_while_all_batteries_are_charged_or_full) {
  add("BAT0", {{"type", "Battery\n"}, {"status", "Charging\n"}});
  add("BAT1", {{"type", "Battery\n"}, {"status", "Full\n"}});
  add("BAT2", {{"type", "Battery\n"}, {"status", "Not charging\n"}});
  EXPECT_FALSE(on_battery());
  add("BAT3", {{"type", "Battery\n"}, {"status", "Discharging\n"}});
  EXPECT_TRUE(on_battery());
}

TEST_F(PowerSupplyTest, takes_a_battery_that_says_nothing_for_none) {
  add("BAT0", {{"type", "Battery\n"}});
  add("BAT1", {{"status", "Discharging\n"}});
  add("UPS", {{"type", "UPS\n"}, {"status", "Discharging\n"}});
  add("BAT2", {});
  EXPECT_FALSE(on_battery());
}

TEST_F(PowerSupplyTest, passes_over_a_battery_that_cannot_be_read) {
  // As when it is pulled out meanwhile: the kernel answers a read with an error.
  fs::create_directories(directory_ / "BAT0" / "type");
  EXPECT_FALSE(on_battery());
  add("BAT1", {{"type", "Battery\n"}, {"status", "Discharging\n"}});
  EXPECT_TRUE(on_battery());
}

TEST(HostFacts, some_of_the_memory_is_available_and_not_more_than_all) {
  EXPECT_GT(available_memory_share(), 0);
  EXPECT_LE(available_memory_share(), 1);
}

TEST(HostFacts, the_processor_has_a_name_and_a_digest_and_stays_the_same) {
  EXPECT_THAT(host_cpu(), ::testing::MatchesRegex(".+ \\([0-9a-f]+\\)"));
  EXPECT_EQ(host_cpu(), host_cpu());
}

}  // namespace
}  // namespace pyro::vm
