package dev.multipaxos.testkit.sim;

import java.util.Locale;

/** Writes the few shapes that a {@link Diagram} is made of. */
final class Svg {

    private static final int MARGIN = 6;

    private final StringBuilder shapes = new StringBuilder();

    /** Decimal places as in English, whatever the locale. */
    private Svg add(String format, Object... arguments) {
        shapes.append(String.format(Locale.ROOT, format, arguments)).append('\n');
        return this;
    }

    Svg line(String kind, double x1, double y1, double x2, double y2) {
        return add("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", kind, x1, y1, x2, y2);
    }

    /** A line with a head at its second end, and what it is when it is pointed at. */
    Svg arrow(String kind, double x1, double y1, double x2, double y2, String title) {
        double angle = Math.atan2(y2 - y1, x2 - x1);
        add("<g class=\"%s\"><title>%s</title>", kind, escape(title));
        add("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x1, y1, x2, y2);
        return add(
                "<polygon points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/></g>",
                x2,
                y2,
                x2 - 8 * Math.cos(angle - 0.35),
                y2 - 8 * Math.sin(angle - 0.35),
                x2 - 8 * Math.cos(angle + 0.35),
                y2 - 8 * Math.sin(angle + 0.35));
    }

    Svg cross(String kind, double x, double y) {
        double arm = 4.5;
        return add(
                "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1fM%.1f %.1fL%.1f %.1f\"/>",
                kind, x - arm, y - arm, x + arm, y + arm, x - arm, y + arm, x + arm, y - arm);
    }

    Svg dot(String kind, double x, double y, double radius) {
        return add("<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>", kind, x, y, radius);
    }

    Svg box(String kind, double x, double y, double width, double height) {
        return add(
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", kind, x, y, width, height);
    }

    /**
     * Some words.
     *
     * @param anchor start, middle or end: which part of them is at x
     */
    Svg text(String kind, String anchor, double x, double y, String words) {
        return add(
                "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>",
                kind, anchor, x, y, escape(words));
    }

    /** Puts other shapes on top of these. */
    Svg with(Svg others) {
        shapes.append(others.shapes);
        return this;
    }

    /** What XML takes for itself, and what it does not allow at all. */
    static String escape(String words) {
        return words.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replaceAll("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]", "?");
    }

    /** {@return the whole document, with a background of its own, so that the page behind it may be dark} */
    String document(double width, double height, String style) {
        return String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="%1$d %1$d %2$.0f %3$.0f" width="%2$.0f" height="%3$.0f">
                <style>
                %4$s</style>
                <rect class="page" x="%1$d" y="%1$d" width="%2$.0f" height="%3$.0f" rx="6"/>
                %5$s</svg>
                """, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN, style, shapes);
    }
}
