# SPDX-License-Identifier: BSD-2-Clause
"""A desktop in software: a bus of its own, and on it a program that shows notifications, which
here means that it writes them down. Run by itself it is that program."""
import json
import os
import subprocess
import sys

if __name__ == "__main__":
    sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, for another python3, too
    import dbus
    import dbus.mainloop.glib
    import dbus.service
    from gi.repository import GLib

    class Notifications(dbus.service.Object):
        @dbus.service.method("org.freedesktop.Notifications", in_signature="susssasa{sv}i", out_signature="u")
        def Notify(self, app, replaces, icon, summary, body, actions, hints, expire):
            if os.path.exists(sys.argv[1] + ".refuse"):
                raise dbus.exceptions.DBusException("no room on the screen", name="org.example.Full")
            with open(sys.argv[1], "a", encoding="utf-8") as f:
                f.write(json.dumps({"app": app, "summary": summary, "body": body,
                                    "urgency": int(hints["urgency"])}) + "\n")
            return 1

    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    name = dbus.service.BusName("org.freedesktop.Notifications", bus)
    Notifications(bus, "/org/freedesktop/Notifications")
    print("ready", flush=True)
    GLib.MainLoop().run()


class Bus:
    """A session bus; nobody is on it until somebody shows notifications. address: of one that
    is there already, and wrap what to start its programs with."""

    def __init__(self, directory, address=None, wrap=()):
        self.log, self.children, self.wrap = os.path.join(directory, "notifications"), [], wrap
        if not address:
            address = self.start(directory)
        self.env = {"DBUS_SESSION_BUS_ADDRESS": address}

    def start(self, directory):
        # No service files: nothing of this machine's is started.
        config = os.path.join(directory, "bus.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write('<busconfig><type>session</type><listen>unix:dir=/tmp</listen><policy context="default">'
                    '<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>'
                    '</policy></busconfig>')
        daemon = subprocess.Popen(["dbus-daemon", "--config-file", config, "--nofork", "--print-address=1"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.children.append(daemon)
        return daemon.stdout.readline().strip()

    def show_notifications(self):
        child = subprocess.Popen([*self.wrap, "/usr/bin/python3", "-B", os.path.abspath(__file__), self.log],
                                 env={"PATH": os.environ["PATH"], **self.env}, stdout=subprocess.PIPE, text=True)
        self.children.append(child)
        assert child.stdout.readline() == "ready\n"

    def shown(self):
        """What was shown since the last question."""
        try:
            with open(self.log, encoding="utf-8") as f:
                lines = [json.loads(line) for line in f]
        except FileNotFoundError:
            return []
        os.unlink(self.log)
        return lines

    def close(self):
        for process in reversed(self.children):
            process.terminate()
            process.wait()
            process.stdout.close()
