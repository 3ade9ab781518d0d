#include "tenon/data/vocabulary.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Words = std::vector<std::string>;
using Ids = std::vector<Index>;

namespace {

data::WordCounter counted() {
  data::WordCounter counter;
  counter.add({"the", "film", "the", "good", "the", "film"});
  counter.add({"bad", "étude", "good"});
  return counter;
}

std::string load_error(const TemporaryFolder& folder, const std::string& text) {
  const std::string path = folder.file("words.txt");
  write_bytes(path, text);
  std::string message = message_of<IoError>([&] { data::Vocabulary::load(path); });
  const std::size_t at = message.find(path);
  return at == std::string::npos ? message : message.erase(at, path.size());
}

}  // namespace

TEST_CASE("words are counted", "[data][vocabulary]") {
  const data::WordCounter counter = counted();
  CHECK(counter.count("the") == 3);
  CHECK(counter.count("film") == 2);
  CHECK(counter.count("nothing") == 0);
  CHECK(counter.size() == 5);
  CHECK(counter.total() == 9);
}

TEST_CASE("a vocabulary numbers words by frequency, equal ones by their bytes",
          "[data][vocabulary]") {
  const data::Vocabulary vocabulary(counted());
  CHECK(vocabulary.size() == 8);
  const Words order{"<pad>", "<start>", "<unknown>", "the", "film", "good", "bad", "étude"};
  for (std::size_t i = 0; i < order.size(); ++i) {
    CHECK(vocabulary.word(static_cast<Index>(i)) == order[i]);
    if (i >= 3) CHECK(vocabulary.id(order[i]) == static_cast<Index>(i));
  }
  CHECK(vocabulary.count(3) == 3);
  CHECK(vocabulary.count(7) == 1);
  CHECK(vocabulary.count(0) == 0);
  CHECK(vocabulary.id("nothing") == data::Vocabulary::unknown);
  CHECK(vocabulary.contains("bad"));
  CHECK_FALSE(vocabulary.contains("<pad>"));
  const data::Vocabulary handle = vocabulary;
  CHECK(handle.id("film") == 4);
}

TEST_CASE("a vocabulary keeps the most frequent words", "[data][vocabulary]") {
  const data::Vocabulary five(counted(), {.max_size = 5});
  CHECK(five.size() == 5);
  CHECK(five.word(4) == "film");
  CHECK_FALSE(five.contains("good"));
  CHECK(data::Vocabulary(counted(), {.min_count = 2}).size() == 6);
  CHECK(data::Vocabulary(counted(), {.max_size = 3}).size() == 3);
  CHECK(data::Vocabulary(data::WordCounter()).size() == 3);
}

TEST_CASE("texts become ids and ids texts", "[data][vocabulary]") {
  const data::Vocabulary vocabulary(counted(), {.max_size = 6});
  CHECK(vocabulary.encode({"the", "étude", "film"}) == Ids{3, 2, 4});
  CHECK(vocabulary.encode({"the"}, true) == Ids{1, 3});
  CHECK(vocabulary.encode({}).empty());
  CHECK(vocabulary.decode({1, 3, 2, 4, 0, 0}) == "<start> the <unknown> film");
}

TEST_CASE("a vocabulary is saved as a text file and loaded again", "[data][vocabulary]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("words.txt");
  const data::Vocabulary vocabulary(counted());
  vocabulary.save(path);
  CHECK(read_bytes(path) == "tenon-vocabulary 1 5\nthe\t3\nfilm\t2\ngood\t2\nbad\t1\nétude\t1\n");
  const data::Vocabulary loaded = data::Vocabulary::load(path);
  REQUIRE(loaded.size() == vocabulary.size());
  for (Index i = 0; i < loaded.size(); ++i) {
    CHECK(loaded.word(i) == vocabulary.word(i));
    CHECK(loaded.count(i) == vocabulary.count(i));
  }
  CHECK(loaded.id("étude") == 7);
  data::Vocabulary(data::WordCounter()).save(path);
  CHECK(data::Vocabulary::load(path).size() == 3);
}

TEST_CASE("a damaged vocabulary names its line", "[data][vocabulary][errors]") {
  const TemporaryFolder folder;
  const std::string head = "tenon-vocabulary 1 2\n";
  const std::string damaged = "; hint: the file is damaged";
  CHECK(load_error(folder, head + "a\t2\nb\t1\n").empty());
  for (const char* wrong : {"\n", "words\n", "tenon-vocabulary 2 2\n", "tenon-vocabulary 1 x\n",
                            "tenon-vocabulary 1 2 3\n", "tenon-vocabulary 1 -2\n"}) {
    CHECK(load_error(folder, wrong) ==
          "[Vocabulary::load] : line 1 is not 'tenon-vocabulary 1 N'; hint: the file was not "
          "written by Vocabulary::save");
  }
  CHECK(load_error(folder, "") ==
        "[Vocabulary::load] : line 1 is cut off; hint: a truncated file?");
  CHECK(load_error(folder, head + "a\t2\nb\t1") ==
        "[Vocabulary::load] : line 3 is cut off; hint: a truncated file?");
  CHECK(load_error(folder, head + "a\t2\n") ==
        "[Vocabulary::load] : holds 1 words but promises 2; hint: a truncated file?");
  CHECK(load_error(folder, head + "a\t2\nb\t1\nc\t1\n").find("holds 3 words but promises 2") !=
        std::string::npos);
  for (const char* wrong :
       {"b", "b 1", "b\t", "b\tx", "b\t1x", "b\t-1", "b\t1\t2", "b\t99999999999999999999"}) {
    INFO(wrong);
    CHECK(load_error(folder, head + "a\t2\n" + wrong + "\n") ==
          "[Vocabulary::load] : line 3 " +
              std::string(std::string(wrong) == "b 1" ? "has a word that holds white space or a "
                                                        "control character"
                                                      : "is not 'word<TAB>count'") +
              damaged);
  }
  CHECK(load_error(folder, head + "a\t2\n\t1\n") ==
        "[Vocabulary::load] : line 3 has a word that is empty" + damaged);
  CHECK(load_error(folder, head + "a\t2\n\xC3\t1\n") ==
        "[Vocabulary::load] : line 3 has a word that is not UTF-8" + damaged);
  CHECK(load_error(folder, head + "a\t2\na\t1\n") ==
        "[Vocabulary::load] : holds the word 'a' twice" + damaged);
}

TEST_CASE("no cut or flipped bit of a vocabulary's file crashes", "[data][vocabulary]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("words.txt");
  data::Vocabulary(counted()).save(path);
  const std::string bytes = read_bytes(path);
  int refused = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    refused += load_error(folder, bytes.substr(0, i)).empty() ? 0 : 1;
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
      load_error(folder, flipped);  // a letter may become another one: then it is no error
    }
  }
  CHECK(refused == static_cast<int>(bytes.size()));
}

TEST_CASE("a vocabulary that cannot be read or written is named", "[data][vocabulary][errors]") {
  const TemporaryFolder folder;
  CHECK_THAT(message_of<IoError>([&] { data::Vocabulary::load(folder.file("none")); }),
             ContainsSubstring("none: cannot be opened: No such file or directory"));
  CHECK_THAT(message_of<IoError>([&] { data::Vocabulary::load(folder.path()); }),
             ContainsSubstring(": is a folder; hint: give the path of the file itself"));
  const data::Vocabulary vocabulary(counted());
  CHECK_THAT(message_of<IoError>([&] { vocabulary.save(folder.file("no/such/folder")); }),
             ContainsSubstring("[Vocabulary::save] ") &&
                 ContainsSubstring(": cannot be written: No such file or directory; hint: does "
                                   "its folder exist, and is there room?"));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("what is no word and no id is refused", "[data][vocabulary][errors]") {
  data::WordCounter counter;
  CHECK(message_of<ValueError>([&] {
          counter.add({"good", "two words"});
        }) ==
        "[WordCounter::add] the word 'two words' holds white space or a control character; hint: "
        "cut texts into words by a data::Tokenizer");
  CHECK_THROWS_AS(counter.add({""}), ValueError);
  CHECK_THROWS_AS(counter.add({"\xFF"}), ValueError);
  CHECK(counter.size() == 1);
  CHECK(message_of<ValueError>([&] { data::Vocabulary(counter, {.max_size = 2}); }) ==
        "[Vocabulary] max_size is 2; hint: at least 3, since padding, start and unknown words "
        "have ids; 0 for no limit");
  const data::Vocabulary vocabulary(counter);
  CHECK(message_of<IndexError>([&] { vocabulary.word(4); }) ==
        "[Vocabulary::word] there is no word 4 in a vocabulary of 4 ids; hint: ids go from 0 to 3");
  CHECK_THROWS_AS(vocabulary.count(-1), IndexError);
  CHECK_THROWS_AS(vocabulary.decode({3, 4}), IndexError);
}
