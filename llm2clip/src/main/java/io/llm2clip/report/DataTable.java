package io.llm2clip.report;

import java.util.List;
import java.util.stream.Collectors;

/** A table as HTML, which scrolls by itself where the page is too narrow for it. */
public final class DataTable {
    private final StringBuilder head = new StringBuilder();
    private final StringBuilder body = new StringBuilder();
    private final String style;

    public DataTable() {
        this("");
    }

    private DataTable(String style) {
        this.style = style;
    }

    /** A table of names and what they are. */
    static DataTable ofFacts() {
        return new DataTable("facts");
    }

    /** A table of figures of models, which a phone shows closer. */
    static DataTable ofFigures() {
        return new DataTable("figures");
    }

    /** A row of headings, in HTML. */
    public DataTable head(List<String> cells) {
        return rawHead(cells.stream().map(cell -> "<th>" + cell + "</th>").collect(Collectors.joining()));
    }

    /** A row of headings, as elements {@code th}. */
    public DataTable rawHead(String cells) {
        head.append("<tr>").append(cells).append("</tr>");
        return this;
    }

    /** A heading over the rows that follow. */
    public DataTable group(String name, int columns) {
        body.append("<tr class=\"set\"><th colspan=\"%d\">%s</th></tr>".formatted(columns, Html.escape(name)));
        return this;
    }

    /**
     * A row.
     *
     * @param style "ours", "chance" or empty
     * @param cells in HTML
     */
    public DataTable row(String style, List<String> cells) {
        return rawRow(style, cells.stream().map(cell -> "<td>" + cell + "</td>").collect(Collectors.joining()));
    }

    /**
     * A row.
     *
     * @param cells as elements {@code td}
     */
    DataTable rawRow(String style, String cells) {
        body.append("<tr class=\"%s\">%s</tr>".formatted(style, cells));
        return this;
    }

    /** The table as HTML. */
    public String html() {
        String heading = head.isEmpty() ? "" : "<thead>" + head + "</thead>";
        return "<div class=\"scroll\"><table class=\"%s\">%s<tbody>%s</tbody></table></div>"
                .formatted(style, heading, body);
    }
}
