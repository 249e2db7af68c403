package io.llm2clip.report;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is needed to get a result again: how it was made, on what. */
public final class Facts {
    private final Map<String, String> facts = new LinkedHashMap<>();

    /** One more, of a name that there is not yet. */
    public Facts and(String name, String value) {
        facts.put(name, value);
        return this;
    }

    /**
     * The machine, and when it was.
     *
     * @param device that computed
     */
    public Facts machine(String device) {
        and(
                "date",
                DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
                        ZonedDateTime.now().truncatedTo(ChronoUnit.SECONDS)));
        Surroundings.describe().forEach(this::and);
        return and("computed on", device);
    }

    /** A table of all. */
    public String html() {
        DataTable table = DataTable.ofFacts();
        facts.forEach((name, value) -> table.row("", List.of(Html.escape(name), Html.escape(value))));
        return table.html();
    }
}
