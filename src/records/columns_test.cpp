#include "records/columns.h"

#include "core/error.h"
#include "core/test_shared.h"

namespace llmbox {
namespace {

const Row kRow = {{"instruction", "add"}, {"input", nullptr}, {"n", 5}, {"digits", "-12"}, {"list", {1, 2}}};
constexpr std::string_view kWhere = "alpaca.json row 3";

TEST(Columns, GivesValuesOfTheirType) {
  EXPECT_EQ(require_string(kRow, "instruction", kWhere), "add");
  EXPECT_EQ(require_list(kRow, "list", kWhere).size(), 2u);
  EXPECT_EQ(require_integer(kRow, "n", kWhere), 5);
  EXPECT_EQ(require_integer(kRow, "digits", kWhere), -12);
  EXPECT_EQ(optional_string(kRow, "instruction", kWhere), "add");
  EXPECT_FALSE(optional_string(kRow, "input", kWhere));
  EXPECT_FALSE(optional_string(kRow, "none", kWhere));
}

TEST(Columns, AMissingColumnNamesRowAndColumn) {
  const std::string message = message_of([] { require_string(kRow, "instructions", kWhere); });
  EXPECT_EQ(message,
            "[alpaca.json row 3] expected column 'instructions', got columns 'instruction', 'input', 'n', 'digits' and "
            "'list'; try "
            "'instruction'");
  EXPECT_NE(message_of([] { require_string(Row::object(), "a", kWhere); }).find("a row without columns"),
            std::string::npos);
}

TEST(Columns, AWrongTypeNamesRowColumnAndValue) {
  EXPECT_EQ(message_of([] { require_string(kRow, "n", kWhere); }),
            "[alpaca.json row 3] expected text in column 'n', got number 5");
  EXPECT_EQ(message_of([] { require_string(kRow, "input", kWhere); }),
            "[alpaca.json row 3] expected text in column 'input', got null null");
  EXPECT_EQ(message_of([] { require_list(kRow, "instruction", kWhere); }),
            "[alpaca.json row 3] expected a list in column 'instruction', got string \"add\"");
  EXPECT_THROW(require_integer(kRow, "instruction", kWhere), Error);
  EXPECT_THROW(optional_string(kRow, "n", kWhere), Error);
}

}  // namespace
}  // namespace llmbox
