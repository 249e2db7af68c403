package io.llm2clip.demo;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The demo's one table, and sentences that follow its numbers. */
public final class DemoTable {
    private static final Map<String, String> QUERIES = new LinkedHashMap<>();
    private static final Map<String, String> ARMS = new LinkedHashMap<>();

    static {
        QUERIES.put("long", "long captions, same words");
        QUERIES.put("longOtherWords", "long captions, other words");
        QUERIES.put("short", "short captions, same words");
        QUERIES.put("shortOtherWords", "short captions, other words");
        ARMS.put(Arm.LLM2CLIP, "LLM2CLIP");
        ARMS.put(Arm.CLIP, "CLIP, equal steps");
        ARMS.put(Arm.CLIP_EQUAL_COMPUTE, "CLIP, equal compute");
        ARMS.put(Arm.WITHOUT_STAGE_1, "LLM2CLIP without stage 1");
        ARMS.put(Arm.CLIP_WINDOW_32, "CLIP, window 32");
        ARMS.put(Arm.CLIP_UNLIMITED, "CLIP, unlimited window");
    }

    private DemoTable() {}

    /** A query set's name for people. */
    static String queries(String key) {
        return QUERIES.getOrDefault(key, key);
    }

    /** An arm's name for people. */
    static String arm(String key) {
        return ARMS.getOrDefault(key, key);
    }

    /** The query sets that were measured, in the order of the table. */
    static List<String> measured(DemoResult result) {
        return QUERIES.keySet().stream().filter(result.retrieval()::containsKey).toList();
    }

    /** The whole result as text of at most 100 columns. */
    public static String of(DemoResult result) {
        StringBuilder text = new StringBuilder();
        line(text, "Caption retrieval accuracy, mean of both directions");
        result.captionRetrievalAccuracy()
                .forEach((pairing, accuracy) -> line(
                        text,
                        "  %-26s %5.1f %% before stage 1, %5.1f %% after, among %d held-out images",
                        CaptionRetrieval.name(pairing),
                        100 * accuracy.before(),
                        100 * accuracy.after(),
                        accuracy.images()));
        line(text, "");
        line(text, "%-28s %s", "", BothWays.columns().getFirst());
        line(text, "%-28s %s   R@10, difference", "", BothWays.columns().getLast());
        for (String set : measured(result)) {
            line(text, "%s", queries(set));
            result.recalls(set)
                    .forEach((arm, ways) -> line(
                            text,
                            "  %-26s %s",
                            arm(arm),
                            ways.row() + difference(result.differencesOf(set).get(arm))));
        }
        Recall chance = result.chance();
        line(text, "  %-26s %s", "chance", new BothWays(chance, chance).row());
        line(text, "");
        sentences(result).forEach(sentence -> text.append(wrap(sentence)));
        line(text, "");
        line(text, "%-33s %10s %12s", "phase", "seconds", "peak memory");
        result.phases()
                .forEach(phase ->
                        line(text, "%-33s %10.1f %9d MB", phase.name(), phase.seconds(), phase.peakBytes() >> 20));
        double seconds =
                result.phases().stream().mapToDouble(DemoResult.Phase::seconds).sum();
        line(text, "%-33s %10.1f", "all", seconds);
        return text.toString();
    }

    /** What the numbers say, in words that follow them. */
    static List<String> sentences(DemoResult result) {
        List<String> sentences = new ArrayList<>();
        for (String set : measured(result)) {
            List<String> verdicts = new ArrayList<>();
            result.differencesOf(set)
                    .forEach((arm, interval) -> verdicts.add(
                            "%s %s (%s)".formatted(interval.standing().words(), arm(arm), interval.points())));
            sentences.add("%s: LLM2CLIP is %s.".formatted(capitalise(queries(set)), String.join("; ", verdicts)));
        }
        sentences.add(
                "Differences are R@10 of LLM2CLIP minus the other's, in points, mean of both directions, with 95 % bootstrap"
                        + " intervals over images; \"ahead\" and \"behind\" where the interval leaves out 0. One seed is one draw of data"
                        + " and weights.");
        return sentences;
    }

    private static String difference(@org.jspecify.annotations.Nullable Interval interval) {
        return interval == null ? "" : "   " + interval.points();
    }

    /** Lines of at most 100 columns, broken between words. */
    private static String wrap(String sentence) {
        return sentence.replaceAll("(.{1,100})(?: |$)", "$1\n");
    }

    private static String capitalise(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    private static void line(StringBuilder text, String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, format, arguments).stripTrailing())
                .append('\n');
    }
}
