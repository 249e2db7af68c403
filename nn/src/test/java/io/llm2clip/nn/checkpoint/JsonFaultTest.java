package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

class JsonFaultTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"{", "{\"a\": [1, 2", "{\"a\": x}", "[1,,2]", "{\"a\": \"b", "\u0001", "{\"a\" 1}", "[\"\\q\"]"})
    void saysWhyAndWhereAndNothingOfTheParser(String json) {
        JsonMapper mapper = JsonMapper.builder().build();
        for (String text : new String[] {json, "\n\n" + json}) {
            JacksonException fault = catchThrowableOfType(
                    JacksonException.class, () -> mapper.readTree(text.getBytes(StandardCharsets.UTF_8)));
            assertThat(JsonFault.describe(fault))
                    .matches("\\S.* in line " + (text.equals(json) ? 1 : 3) + ", column \\d+")
                    .doesNotContain("REDACTED", "Source", "Feature", "marker", "UNKNOWN", "\n");
            assertThat(JsonFault.column(fault)).matches("column \\d+");
        }
    }
}
