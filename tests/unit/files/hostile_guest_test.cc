#include "tests/unit/files/hostile_guest.h"

#include <gmock/gmock.h>

#include "common/api/error_body.h"
#include "services/files/export.h"
#include "services/files/fetched_files.h"
#include "services/files/files.h"
#include "services/files/guest_change.h"
#include "tests/support/errors.h"
#include "tests/support/temporary.h"

namespace pyro {
namespace {

using testing::HostileGuest;
using testing::Refused;
using tree::EntryKind;

namespace fs = std::filesystem;

/// More than the deadline of any call that a test makes.
constexpr std::chrono::milliseconds kShort(300);
constexpr std::chrono::seconds kFarBeyond(10);
/// Of calls that end before their deadline.
constexpr std::chrono::milliseconds kPatience(9000);

/// Takes a tree more slowly than a guest sends it, so that there is always more to read.
struct SlowSink : tree::Sink {
  void entry(const tree::Entry&) override {}
  void data(std::string_view) override {
    const auto end = Clock::now() + std::chrono::milliseconds(1);
    while (Clock::now() < end) {
    }
  }
  void end_file() override {}
};

/// What a call ends with, by its own deadline, within a time that is no hang.
std::optional<Error> timed(HostileGuest& guest, const std::function<void(files::GuestTree&)>& call,
                           std::chrono::milliseconds limit = kShort) {
  const auto start = Clock::now();
  auto error = testing::error_of([&] {
    auto tree = guest.connect(limit);
    call(tree);
  });
  EXPECT_LT(elapsed_since(start), kFarBeyond);
  return error;
}

void list(files::GuestTree& guest) { files::list_files(guest, {.recursive = true}); }

tree::Entry file_named(std::string path, std::uint64_t size = 0) {
  return {.path = std::move(path), .size = size};
}

TEST(HostileGuestTest, that_is_silent_is_given_up_at_the_deadline) {
  HostileGuest guest([](const HostileGuest& self) { self.wait_for_the_end(); });
  EXPECT_THAT(timed(guest, list), Refused(ErrorCode::kDeadlineExceeded));
}

TEST(HostileGuestTest, that_sends_without_end_is_given_up_at_the_deadline) {
  for (const auto type : {link::FrameType::kProgress, link::FrameType::kOutput}) {
    HostileGuest guest([type](const HostileGuest& self) {
      std::string begin = HostileGuest::encoded(
          [](tree::Encoder& encoder) { encoder.entry({.path = "", .kind = EntryKind::kFile}); });
      self.output(begin);
      const std::string more = type == link::FrameType::kOutput
                                   ? HostileGuest::encoded([](tree::Encoder& encoder) {
                                       encoder.data(std::string(1000, 'x'));
                                     })
                                   : "";
      while (self.frame(type, more)) {
      }
    });
    EXPECT_THAT(timed(guest,
                      [](files::GuestTree& tree) {
                        SlowSink sink;
                        tree.stream(api::agent::SendTree{}, sink);
                      }),
                Refused(ErrorCode::kDeadlineExceeded));
  }
}

TEST(HostileGuestTest, that_trickles_is_given_up_at_the_deadline) {
  HostileGuest guest([](const HostileGuest& self) {
    while (self.send(std::string(1, '\0'))) {
      std::this_thread::yield();
    }
  });
  const auto error = timed(guest, list);
  ASSERT_TRUE(error);
}

TEST(HostileGuestTest, that_does_not_read_is_given_up_at_the_deadline) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd deaf(ends[1]);
  files::GuestTree tree{link::AgentConnection(UniqueFd(ends[0])), testing::work_for(kShort)};
  api::agent::ReplaceFile request{.path = "x"};
  request.content.data.assign(8U << 20U, 'x');
  EXPECT_THAT(testing::error_of([&] { tree.call(request); }),
              Refused(ErrorCode::kDeadlineExceeded));
}

TEST(HostileGuestTest, that_sends_no_frames_is_refused) {
  for (const std::string& bytes :
       {std::string("\xFF\xFF\xFF\xFF garbage"), std::string("\0\0\0\5hello", 9),
        std::string("HTTP/1.1 200 OK\r\n\r\n")}) {
    HostileGuest guest([&](const HostileGuest& self) { self.send(bytes); });
    EXPECT_TRUE(timed(guest, list));
  }
}

TEST(HostileGuestTest, that_answers_with_no_tree_is_refused) {
  std::vector<std::function<void(const HostileGuest&)>> answers{
      [](const HostileGuest& self) { self.result(); },
      [](const HostileGuest& self) {
        self.output(HostileGuest::encoded([](tree::Encoder& encoder) { encoder.done(); }));
        self.result();
      },
      [](const HostileGuest& self) {
        self.output(HostileGuest::encoded([](tree::Encoder& encoder) {
          encoder.entry({.path = "", .kind = EntryKind::kDirectory});
        }));
        self.result();
      },
      [](const HostileGuest& self) {
        self.output("\x01\x09");
        self.result();
      },
      [](const HostileGuest& self) { self.frame(link::FrameType::kRequest, ""); },
      [](const HostileGuest& self) { self.frame(link::FrameType::kError, "no message"); },
      [](const HostileGuest& self) {
        self.output(HostileGuest::encoded([](tree::Encoder& encoder) {
          encoder.entry({.path = "", .kind = EntryKind::kFile});
          encoder.data("content that nobody asked for");
        }));
      }};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    HostileGuest guest(answers[i]);
    EXPECT_TRUE(timed(guest, list)) << i;
  }
}

TEST(HostileGuestTest, that_climbs_is_refused) {
  // An Encoder would refuse it: the bytes are put together by hand, as a guest would.
  std::string record =
      HostileGuest::encoded([](tree::Encoder& encoder) { encoder.entry({.path = "xx/evil"}); });
  record.replace(record.find("xx/evil"), 2, "..");
  HostileGuest guest([&](const HostileGuest& self) {
    self.output(HostileGuest::encoded([](tree::Encoder& encoder) {
                  encoder.entry({.path = "", .kind = EntryKind::kDirectory, .mode = 0755});
                }) +
                record);
    self.result();
  });
  const testing::TestDirectory directory;
  const files::PendingExports exports(directory / "exports");
  const fs::path output = directory / "out/here";
  EXPECT_THAT(timed(
                  guest,
                  [&](files::GuestTree& tree) {
                    files::export_path(
                        tree, exports, {},
                        {.vm_id = "v", .request = {.path = "x", .output_path = output.string()}},
                        testing::work_for(kPatience));
                  },
                  kPatience),
              Refused(ErrorCode::kInvalidArgument));
  EXPECT_TRUE(fs::is_empty(directory / "out"));
  EXPECT_TRUE(fs::is_empty(directory / "exports"));
}

TEST(HostileGuestTest, that_sends_a_hole_without_end_fills_no_disk_and_no_memory) {
  const auto hole_in = [](const std::string& path) {
    return [path](const HostileGuest& self) {
      self.output(HostileGuest::encoded([&](tree::Encoder& encoder) {
        encoder.entry({.path = path, .kind = EntryKind::kFile});
        encoder.hole(tree::kMaxHoleBytes);
        encoder.hole(tree::kMaxHoleBytes);
      }));
      self.result();
    };
  };
  const testing::TestDirectory directory;
  const files::PendingExports exports(directory / "exports");
  HostileGuest sends(hole_in(""));
  EXPECT_THAT(timed(
                  sends,
                  [&](files::GuestTree& tree) {
                    files::export_path(
                        tree, exports, {},
                        {.vm_id = "v",
                         .request = {.path = "x", .output_path = (directory / "out").string()}},
                        testing::work_for(kPatience));
                  },
                  kPatience),
              Refused(ErrorCode::kResourceExhausted));
  EXPECT_FALSE(fs::exists(directory / "out"));
  // Where none was asked for, there is none.
  HostileGuest answers(hole_in("x"));
  EXPECT_THAT(timed(
                  answers,
                  [&](files::GuestTree& tree) {
                    files::fetch_files(tree, {"x"}, 1000, [](const files::FetchedFile&) {});
                  },
                  kPatience),
              Refused(ErrorCode::kInvalidArgument));
}

TEST(HostileGuestTest, that_lists_without_end_fills_no_memory) {
  HostileGuest guest([](const HostileGuest& self) {
    self.output(HostileGuest::encoded([](tree::Encoder& encoder) {
      encoder.entry({.path = "", .kind = EntryKind::kDirectory});
    }));
    for (int i = 0; i < 200000; i += 1000) {
      if (!self.output(HostileGuest::encoded([i](tree::Encoder& encoder) {
            for (int j = i; j < i + 1000; ++j) encoder.entry(file_named(fmt::format("{:08}", j)));
          }))) {
        return;
      }
    }
  });
  const auto error = testing::error_of([&] {
    auto tree = guest.connect();
    list(tree);
  });
  EXPECT_THAT(error,
              Refused(ErrorCode::kResourceExhausted,
                      "/workspace holds more than 65536 entries: list a directory below it"));
}

TEST(HostileGuestTest, that_sends_other_files_than_it_was_asked_for_is_refused) {
  const std::vector<std::vector<std::string>> answers{
      {}, {"a"}, {"b", "a"}, {"a", "b", "c"}, {"a", "a"}};
  for (const auto& paths : answers) {
    HostileGuest guest([&](const HostileGuest& self) {
      self.output(HostileGuest::encoded([&](tree::Encoder& encoder) {
        for (const auto& path : paths) {
          encoder.entry({.path = path, .kind = EntryKind::kAbsent});
        }
        encoder.done();
      }));
      self.result();
    });
    EXPECT_THAT(timed(
                    guest,
                    [](files::GuestTree& tree) {
                      files::fetch_files(tree, {"a", "b"}, 10, [](const files::FetchedFile&) {});
                    },
                    kPatience),
                Refused(ErrorCode::kInternal));
  }
}

TEST(HostileGuestTest, that_claims_an_absurd_size_is_not_believed) {
  HostileGuest guest([](const HostileGuest& self) {
    self.output(HostileGuest::encoded([](tree::Encoder& encoder) {
      encoder.entry(file_named("a", ~std::uint64_t{0}));
      encoder.data(std::string(100, 'x'));
      encoder.end_file();
      encoder.done();
    }));
    self.result();
  });
  std::vector<files::FetchedFile> fetched;
  auto tree = guest.connect();
  files::fetch_files(tree, {"a"}, 10,
                     [&](files::FetchedFile file) { fetched.push_back(std::move(file)); });
  ASSERT_EQ(fetched.size(), 1U);
  EXPECT_TRUE(fetched[0].too_large);
  EXPECT_EQ(fetched[0].content.size(), 32U);
}

TEST(HostileGuestTest, that_reads_more_than_asked_for_is_refused) {
  HostileGuest guest([](const HostileGuest& self) {
    api::agent::FilePart part{.size_bytes = 3};
    part.content.data = "xxx";
    self.frame(link::FrameType::kResult, api::to_msgpack(part));
  });
  auto tree = guest.connect();
  EXPECT_THAT(testing::error_of([&] { files::read_part(tree, {.path = "a", .max_bytes = 2}); }),
              Refused(ErrorCode::kInternal));
}

TEST(HostileGuestTest, whose_words_are_shown_is_shown_printable_and_short) {
  HostileGuest guest([](const HostileGuest& self) {
    const api::ErrorBody body{.code = "not_found",
                              .message = "\x1B[2Jgone " + std::string(50000, 'x')};
    self.frame(link::FrameType::kError, api::to_msgpack(body));
  });
  auto tree = guest.connect();
  const auto error = testing::error_of([&] { list(tree); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kNotFound);
  EXPECT_LT(error->message().size(), 5000U);
  EXPECT_EQ(error->message().find('\x1B'), std::string::npos);
}

TEST(HostileGuestTest, that_was_caught_is_not_asked_again) {
  HostileGuest guest([](const HostileGuest& self) {
    self.frame(link::FrameType::kRequest, "");
    self.wait_for_the_end();
  });
  auto tree = guest.connect();
  EXPECT_THAT(testing::error_of([&] { list(tree); }), Refused(ErrorCode::kInternal));
  EXPECT_THAT(testing::error_of([&] { list(tree); }), Refused(ErrorCode::kUnavailable));
}

TEST(HostileGuestTest, is_left_at_a_stop) {
  std::stop_source stop;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd silent(ends[1]);
  Work work = testing::work_for(std::chrono::seconds(60));
  work.stop = stop.get_token();
  files::GuestTree tree{link::AgentConnection(UniqueFd(ends[0])), work};
  std::jthread stopper([&stop] { stop.request_stop(); });
  EXPECT_THAT(testing::error_of([&] { list(tree); }), Refused(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace pyro
