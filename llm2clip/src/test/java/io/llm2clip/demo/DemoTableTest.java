package io.llm2clip.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DemoTableTest {

    @Test
    void theWordsFollowTheNumbers() {
        assertThat(sentence(new Interval(0.05, 0.01, 0.09)))
                .contains("LLM2CLIP is ahead of CLIP, equal steps (+5.0 [+1.0, +9.0]).");
        assertThat(sentence(new Interval(-0.05, -0.09, -0.01)))
                .contains("LLM2CLIP is behind CLIP, equal steps (-5.0 [-9.0, -1.0]).");
        assertThat(sentence(new Interval(0.01, -0.02, 0.04)))
                .contains("LLM2CLIP is no different from CLIP, equal steps (+1.0 [-2.0, +4.0]).");
    }

    @Test
    void theTableHasEveryArmChanceAndEveryPhase() {
        String table = DemoTable.of(result(new Interval(0.05, 0.01, 0.09)));
        assertThat(table.lines())
                .anyMatch(line -> line.matches("  LLM2CLIP +10\\.0 +20\\.0 +30\\.0 +40\\.0 +50\\.0 +60\\.0"))
                .anyMatch(line ->
                        line.matches("  CLIP, equal steps +1\\.0 +2\\.0 +3\\.0 .*\\+5\\.0 \\[\\+1\\.0, \\+9\\.0\\]"))
                .anyMatch(line -> line.matches("  chance +0\\.1 +0\\.5 +1\\.0 .*"))
                .anyMatch(line -> line.matches("stage 1 +12\\.5 +100 MB"))
                .allMatch(line -> line.length() <= 100);
        assertThat(table).contains("3.0 % before stage 1,  80.0 % after");
    }

    private static String sentence(Interval difference) {
        return DemoTable.sentences(result(difference)).getFirst();
    }

    private static DemoResult result(Interval difference) {
        Map<String, BothWays> arms = new LinkedHashMap<>();
        arms.put(Arm.LLM2CLIP, new BothWays(new Recall(0.1, 0.2, 0.3), new Recall(0.4, 0.5, 0.6)));
        arms.put(Arm.CLIP, new BothWays(new Recall(0.01, 0.02, 0.03), new Recall(0.04, 0.05, 0.06)));
        return new DemoResult(
                1,
                false,
                new DemoResult.Data(4000, 1000),
                Map.of(CaptionRetrieval.SHORT_LONG, new CaptionRetrieval.Change(900, 0.03, 0.8)),
                Map.of("long", arms),
                new BothWays(new Recall(0.1, 0.2, 0.3), new Recall(0.4, 0.5, 0.6)),
                Map.of("long", Map.of(Arm.CLIP, difference)),
                new Recall(0.001, 0.005, 0.01),
                Map.of(),
                List.of(new DemoResult.Phase("stage 1", 12.5, 100 << 20)),
                Map.of(),
                "model",
                "report.html",
                new DemoExample("image.png", List.of("a kite"), 0));
    }
}
