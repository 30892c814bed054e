#include "services/vm/shim/bounded_log.h"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/files.h"
#include "services/vm/shim/logged_stream.h"
#include "tests/support/temporary.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

class BoundedLogTest : public ::testing::Test {
 protected:
  pyro::testing::TestDirectory directory_;
  const fs::path file_ = directory_ / "log";
};

TEST_F(BoundedLogTest, keeps_the_newest_part_whatever_is_printed) {
  BoundedLog log(file_, 100);
  std::string all;
  for (int line = 0; line < 1000; ++line) {
    const std::string text = "line " + std::to_string(line) + "\n";
    all += text;
    log.append(text);
    ASSERT_LE(fs::file_size(file_), 100U);
  }
  const std::string kept = read_file(file_);
  EXPECT_GE(kept.size(), 50U);
  EXPECT_TRUE(all.ends_with(kept)) << kept;
}

TEST_F(BoundedLogTest, takes_more_at_once_than_it_holds) {
  BoundedLog log(file_, 100);
  log.append("begin\n" + std::string(1000, 'x') + "end\n");
  EXPECT_LE(fs::file_size(file_), 100U);
  EXPECT_TRUE(read_file(file_).ends_with("xend\n"));
}

TEST_F(BoundedLogTest, continues_after_what_others_wrote) {
  write_file_atomically(file_, "of the shim\n");
  BoundedLog log(file_, 100);
  log.append("of the VMM\n");
  const UniqueFd other = open_file(file_, O_WRONLY | O_APPEND);
  write_all(other.get(), "more\n");
  log.append("end\n");
  EXPECT_EQ(read_file(file_), "of the shim\nof the VMM\nmore\nend\n");
}

TEST_F(BoundedLogTest, has_the_last_words_of_a_stream_whose_writer_ended) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd writer(ends[1]);
  asio::io_context loop(1);
  LoggedStream stream(loop, UniqueFd(ends[0]), file_);
  write_all(writer.get(), "panic: ");
  loop.run_one();
  write_all(writer.get(), "the end\n");
  writer.reset();
  stream.drain();
  EXPECT_EQ(read_file(file_), "panic: the end\n");
}

}  // namespace
}  // namespace pyro::vm
