"""What people are told, and where: mails (the outbox 发件箱), and headquarters' pages of mails and jobs (后台任务)."""
