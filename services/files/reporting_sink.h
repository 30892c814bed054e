#pragma once

#include <cstdint>

#include "common/tree/tree.h"
#include "common/work/work.h"

namespace pyro::files {

/// Passes a tree on and reports its size to the caller every 0.3 s.
class ReportingSink : public tree::Sink {
 public:
  ReportingSink(tree::Sink& next, const Work& work) : next_(next), work_(work) {}

  void entry(const tree::Entry& entry) override;
  void data(std::string_view bytes) override;
  void end_file() override { next_.end_file(); }

 private:
  static constexpr std::chrono::milliseconds kInterval{300};
  void report();

  tree::Sink& next_;
  const Work& work_;
  Clock::time_point next_report_ = Clock::now() + kInterval;
  std::uint64_t entries_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pyro::files
